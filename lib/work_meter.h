// How much a command has read and written, told by those who work to those who watch; and back, how fast
// they may be and whether they shall stop. For any number of threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace kseg {

class WorkMeter {
 public:
  WorkMeter() = default;
  // Reading and writing together, of all threads, as a broker's cleaner counts.
  explicit WorkMeter(std::optional<std::uint64_t> max_bytes_per_second)
      : max_bytes_per_second_(max_bytes_per_second) {}

  // Comes back when the rate allows for these bytes, or stop was asked for.
  void account(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

  // What all the work will come to, in such bytes, as far as anyone knows.
  void expect(std::int64_t more_bytes) { expected_bytes_ += more_bytes; }
  std::int64_t expected_bytes() const { return expected_bytes_; }

  void ask_to_stop() noexcept { stop_ = true; }  // may be called by a signal handler
  bool asked_to_stop() const noexcept { return stop_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<std::uint64_t> max_bytes_per_second_;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::int64_t> expected_bytes_ = 0;
  std::atomic<bool> stop_ = false;
  static_assert(std::atomic<bool>::is_always_lock_free);
  std::mutex mutex_;
  Clock::time_point paid_until_;  // when the bytes so far have had their time
};

}  // namespace kseg
