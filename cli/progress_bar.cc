#include "cli/progress_bar.h"

#include <algorithm>

#include "cli/size_argument.h"
#include "cli/time_argument.h"

namespace kseg {
namespace {

constexpr std::chrono::milliseconds kInterval{250};
constexpr std::size_t kBarWidth = 20;
constexpr std::size_t kNames = 2;

}  // namespace

std::string progress_line(const ProgressState& state) {
  const double expected = std::max(static_cast<double>(state.expected_bytes), 1.0);
  const double bytes = static_cast<double>(state.bytes);
  const double part = std::min(bytes / expected, 1.0);
  const double rate = state.seconds > 0 ? bytes / state.seconds : 0;
  const auto filled = static_cast<std::size_t>(part * kBarWidth);
  std::string line = fmt::format("[{:<{}}] {:3.0f} %  {} of {}", std::string(filled, '#'), kBarWidth,
                                 100 * part, format_size_bytes(state.bytes),
                                 format_size_bytes(static_cast<std::uint64_t>(std::max(expected, bytes))));
  if (rate > 0) {
    const double left_ms = 1000 * std::max(expected - bytes, 0.0) / rate;
    line += fmt::format("  {}/s", format_size_bytes(static_cast<std::uint64_t>(rate)));
    constexpr double kTooLongMs = 1e12;
    if (left_ms < kTooLongMs)
      line += fmt::format("  {} left", format_duration_ms(static_cast<std::int64_t>(left_ms) / 1000 * 1000));
  }
  for (std::size_t i = 0; i < std::min(state.in_hand.size(), kNames); ++i)
    line += (i == 0 ? "  " : ", ") + state.in_hand[i];
  if (state.in_hand.size() > kNames) line += fmt::format(" and {} more", state.in_hand.size() - kNames);
  return line;
}

ProgressBar::ProgressBar(const WorkMeter& meter, bool shown, Sink& terminal)
    : meter_(meter), shown_(shown), terminal_(terminal) {
  if (shown_) drawer_ = std::thread([this] { draw_until_done(); });
}

ProgressBar::~ProgressBar() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
    wipe();
  }
  wake_.notify_all();
  if (drawer_.joinable()) drawer_.join();
}

void ProgressBar::begin(std::string name) {
  const std::lock_guard lock(mutex_);
  in_hand_.push_back(std::move(name));
}

void ProgressBar::end(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(in_hand_.begin(), in_hand_.end(), name);
  if (found != in_hand_.end()) in_hand_.erase(found);
}

void ProgressBar::draw_until_done() {
  std::unique_lock lock(mutex_);
  while (!done_) {
    draw();
    wake_.wait_for(lock, kInterval);
  }
}

void ProgressBar::draw() {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
  terminal_.write("\r\x1b[K" + progress_line({.bytes = meter_.bytes(),
                                              .expected_bytes = meter_.expected_bytes(),
                                              .seconds = passed.count(),
                                              .in_hand = in_hand_}));
  drawn_ = true;
}

void ProgressBar::wipe() {
  if (drawn_) terminal_.write("\r\x1b[K");
  drawn_ = false;
}

}  // namespace kseg
