#include "lib/work_meter.h"

#include <algorithm>
#include <thread>

namespace kseg {
namespace {

// What was not used of the rate may be made up for, but no longer than a broker looks back.
constexpr std::chrono::milliseconds kPeriod{300};
// Nobody who asks to stop waits longer than this.
constexpr std::chrono::milliseconds kNap{100};

}  // namespace

void WorkMeter::account(std::uint64_t bytes) {
  bytes_ += bytes;
  if (!max_bytes_per_second_ || bytes == 0) return;
  Clock::time_point until;
  {
    const std::lock_guard lock(mutex_);
    const std::chrono::duration<double> price(static_cast<double>(bytes) /
                                              static_cast<double>(*max_bytes_per_second_));
    paid_until_ =
        std::max(paid_until_, Clock::now() - kPeriod) + std::chrono::duration_cast<Clock::duration>(price);
    until = paid_until_;
  }
  while (!stop_ && Clock::now() < until) {
    std::this_thread::sleep_until(std::min(until, Clock::now() + kNap));
  }
}

}  // namespace kseg
