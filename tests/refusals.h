// What the system may refuse a run, operation by operation, those that only look too.
#pragma once

#include <functional>
#include <string>

#include "lib/file_system.h"

namespace kseg {

// Of each operation EIO, ENOSPC, EACCES and EINTR; of each append also a disk that is full half-way, of each
// read also a file that ends half-way. By hand, with KSEG_EVERY_FAULT=1, all of them; else one error of each
// operation that changes something, each append and read half-way, and some of the rest.
struct Refusals {
  std::string what;               // for the line that tells how many there were
  std::function<void()> restore;  // puts there what the run begins with
  std::function<void(FileSystem&)> run;
  // What is left. `ended`: the refusal has ended the run; else it did not matter, or the run has said itself
  // what it found. May write, and run again.
  std::function<void(bool ended)> judge;
  // False for a run that takes a file's end for what a crash left of it, and cuts there.
  bool short_reads = true;

  // Runs inside of a test case. What the run throws must be the refusal.
  void make_all() const;
};

}  // namespace kseg
