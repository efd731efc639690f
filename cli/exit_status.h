// What a command's end tells the shell.
#pragma once

namespace kseg {

enum class ExitStatus {
  done = 0,     // done, or sound
  no = 1,       // the answer is no: defects met, a difference, an offset not preserved
  usage = 2,    // the command line is wrong
  system = 3,   // the system said no: I/O, space, memory
  refused = 4,  // not safe to do: a broker holds it, not shut down cleanly, damaged input
};

}  // namespace kseg
