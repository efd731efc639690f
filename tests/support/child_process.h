// Another program, run beside the test.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace kseg {

struct ChildProcess {
  std::vector<std::string> words;                                     // the program, and what it is told
  std::vector<std::pair<std::string, std::string>> environment = {};  // besides ours
  std::filesystem::path output = "/dev/null";                         // of both streams

  pid_t start() const;
  int run() const;  // the status that waitpid() gives
};

int wait_for(pid_t child);
bool finished(int status);  // by itself, with exit status 0

}  // namespace kseg
