// Other programs. None of them outlives this one, however it ends.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace kseg {

using Command = std::vector<std::string>;  // the first word is looked up in the PATH

class Process {
 public:
  // Both streams of the program go to these; nothing comes to its standard input.
  Process(const Command& command, std::FILE* out, std::FILE* err);
  ~Process();  // kills it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The exit status, or 128 and the signal that ended it; nothing if it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);
  void send(int signal);

 private:
  pid_t id_;
  std::optional<int> status_;
};

struct Finished {
  int status = 0;
  std::string answers;  // standard output
  std::string notes;    // standard error
};

// Runs the program to its end. Throws std::runtime_error if that takes more than two minutes.
Finished run(const Command& command);

// As run, but throws also if the status is not 0. Returns the standard output.
std::string run_well(const Command& command);

}  // namespace kseg
