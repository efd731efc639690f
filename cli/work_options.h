// The options of commands that work for long beside others: how fast, how many at once, what is shown
// meanwhile.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/file_system.h"

namespace CLI {
class App;
}

namespace kseg {

struct WorkOptions {
  std::optional<int> asked_jobs;
  std::optional<std::uint64_t> max_bytes_per_second;
  bool idle = false;
  bool no_cache = false;
  std::optional<bool> progress;  // nothing: if standard error is a terminal

  // Threads: as many as were asked for, else as there are processors.
  int jobs() const;
  // Twice as many where nobody asked: a partition waits for the disk several times, to write and to remove.
  int partitions_at_once() const { return asked_jobs.value_or(2 * jobs()); }
  FileSystem& files() const { return no_cache ? uncached_file_system() : posix_file_system(); }
  bool shows_progress() const;
  // Asks the system to serve this process, and the threads it begins later, only when no other process
  // wants the disk. Throws IoError.
  void take_priority() const;
};

// -j, --max-rate, --idle, --no-cache, --progress. `options` must outlive the parsing.
void add_work_options(CLI::App& command, WorkOptions& options);

}  // namespace kseg
