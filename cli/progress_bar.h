// How far long work has got, in one line on a terminal that is drawn anew a few times a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/output.h"
#include "lib/work_meter.h"

namespace kseg {

struct ProgressState {
  std::uint64_t bytes = 0;
  std::int64_t expected_bytes = 0;
  double seconds = 0;                // since the beginning
  std::vector<std::string> in_hand;  // names of what is worked on
};

// "[#####               ]  27 %  1.2 GiB of 4.4 GiB  310.0 MiB/s  10 s left  orders-3, orders-4"
std::string progress_line(const ProgressState& state);

class ProgressBar {
 public:
  // Draws on `terminal` if `shown`. Borrows both.
  ProgressBar(const WorkMeter& meter, bool shown, Sink& terminal);
  ~ProgressBar();  // wipes it out
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Told by any thread.
  void begin(std::string name);
  void end(const std::string& name);

  // The bar is off the screen as long as this lives, so that lines can be printed.
  class Pause {
   public:
    explicit Pause(ProgressBar& bar) : lock_(bar.mutex_) { bar.wipe(); }

   private:
    std::lock_guard<std::mutex> lock_;
  };

 private:
  void draw_until_done();
  void draw();
  void wipe();

  const WorkMeter& meter_;
  bool shown_;
  Sink& terminal_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::mutex mutex_;  // of what follows, and of the terminal
  std::vector<std::string> in_hand_;
  bool drawn_ = false;
  bool done_ = false;
  std::condition_variable wake_;
  std::thread drawer_;
};

}  // namespace kseg
