#include "cli/work_options.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <string>
#include <string_view>

#include "cli/size_argument.h"
#include "lib/ordered_work.h"

namespace kseg {
namespace {

// Of ioprio_set(2), which has no header of its own.
constexpr int kWhoIsProcess = 1;
constexpr int kIdleClass = 3 << 13;

}  // namespace

int WorkOptions::jobs() const {
  return asked_jobs.value_or(static_cast<int>(machine_jobs()));
}

bool WorkOptions::shows_progress() const {
  return progress.value_or(::isatty(STDERR_FILENO) == 1);
}

void WorkOptions::take_priority() const {
  if (!idle) return;
  if (::syscall(SYS_ioprio_set, kWhoIsProcess, 0, kIdleClass) != 0)
    throw IoError("this process", "become idle to the disk", errno);
}

void add_work_options(CLI::App& command, WorkOptions& options) {
  command.add_option("-j,--jobs", options.asked_jobs, "threads (default: the number of processors)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--max-rate",
          [&options](const std::string& text) {
            std::string_view size = text;
            if (size.ends_with("/s")) size.remove_suffix(2);
            options.max_bytes_per_second = parse_size_bytes(size);
            if (!options.max_bytes_per_second || *options.max_bytes_per_second == 0)
              throw CLI::ValidationError("--max-rate",
                                         "takes bytes a second such as 200MiB/s, not '" + text + "'");
          },
          "read and write no more than this a second, all partitions together")
      ->type_name("SIZE/s");
  command.add_flag("--idle", options.idle, "use the disk only when nobody else does (idle I/O class)");
  command.add_flag("--no-cache", options.no_cache, "leave nothing in the system's page cache");
  command
      .add_option_function<std::string>(
          "--progress",
          [&options](const std::string& text) {
            if (text != "auto") options.progress = text == "always";
          },
          "a bar on standard error: auto (on a terminal), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

}  // namespace kseg
