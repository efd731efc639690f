// Ctrl-C as a wish: the first one asks the work to stop, a second one ends the process.
#pragma once

#include "lib/work_meter.h"

namespace kseg {

class Interrupt {
 public:
  // From here on SIGINT, SIGTERM and SIGHUP ask `meter` to stop, once; `meter` must outlive this. One at
  // a time.
  explicit Interrupt(WorkMeter& meter);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
};

}  // namespace kseg
