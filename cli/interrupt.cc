#include "cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace kseg {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<WorkMeter*> meter_in_hand = nullptr;

extern "C" void ask_to_stop(int number) {
  WorkMeter* const meter = meter_in_hand;
  if (meter != nullptr) meter->ask_to_stop();
  std::signal(number, SIG_DFL);
}

}  // namespace

Interrupt::Interrupt(WorkMeter& meter) {
  meter_in_hand = &meter;
  for (const int number : kSignals) {
    // Who was started to ignore it (nohup) goes on ignoring it.
    if (std::signal(number, ask_to_stop) == SIG_IGN) std::signal(number, SIG_IGN);
  }
}

Interrupt::~Interrupt() {
  for (const int number : kSignals) {
    if (std::signal(number, SIG_DFL) == SIG_IGN) std::signal(number, SIG_IGN);
  }
  meter_in_hand = nullptr;
}

}  // namespace kseg
