// The one place that catches: what the system or the command line said no to becomes a status here.
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <CLI/CLI.hpp>

#include <cerrno>
#include <csignal>
#include <new>

#include "cli/append.h"
#include "cli/command.h"
#include "cli/compact.h"
#include "cli/diff.h"
#include "cli/digest.h"
#include "cli/dump.h"
#include "cli/latest.h"
#include "cli/ls.h"
#include "cli/reindex.h"
#include "cli/repair.h"
#include "cli/retention.h"
#include "cli/tombstones.h"
#include "cli/undo.h"
#include "cli/verify.h"

namespace kseg {
namespace {

ExitStatus print(const std::string& text) {
  Output output(Format::text, standard_output(), standard_error());
  output.line().append(text);
  output.finish();
  return ExitStatus::done;
}

ExitStatus complain(const std::string& text, ExitStatus status) {
  standard_error().write("kseg: " + text + "\n");
  return status;
}

ExitStatus misused(const CLI::App& app, const std::string& text) {
  const auto commands = app.get_subcommands();
  const std::string command = commands.empty() ? "" : " " + commands.back()->get_name();
  return complain(text + "\nTry: kseg" + command + " --help", ExitStatus::usage);
}

// What a partition's buffers took is kept for the next one's: from the system it would come back page by
// page.
void keep_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

// A standard stream that was closed must not become the number of a file we open: writes to it fail.
void occupy_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  }
}

ExitStatus run(int argc, char** argv) {
  CLI::App app{"Apache Kafka's log directories on disk, with no broker", "kseg"};
  app.set_version_flag("--version", "kseg " KSEG_VERSION);
  app.require_subcommand(0, 1);  // a missing one is told below, behind what else may be wrong
  app.get_formatter()->column_width(26);
  ChosenCommand chosen;
  add_ls_command(app, chosen);
  add_dump_command(app, chosen);
  add_verify_command(app, chosen);
  add_compact_command(app, chosen);
  add_undo_command(app, chosen);
  add_latest_command(app, chosen);
  add_diff_command(app, chosen);
  add_digest_command(app, chosen);
  add_tombstones_command(app, chosen);
  add_append_command(app, chosen);
  add_repair_command(app, chosen);
  add_reindex_command(app, chosen);
  add_retention_command(app, chosen);

  std::string answer;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    answer = app.help();
  } catch (const CLI::CallForVersion& version) {
    answer = std::string(version.what()) + "\n";
  } catch (const CLI::ExtrasError& error) {
    const bool has_command = !app.get_subcommands().empty();
    return misused(app, has_command ? error.what() : "no such command or option: " + std::string(argv[1]));
  } catch (const CLI::ParseError& error) {
    return misused(app, error.what());
  }
  if (!answer.empty()) return print(answer);
  if (!chosen.run) return misused(app, "a command is missing");

  Output output(chosen.format, standard_output(), standard_error());
  const ExitStatus status = chosen.run(output);
  output.finish();
  return status;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  kseg::keep_memory();
  kseg::occupy_standard_streams();
  // A reader that has gone is met as EPIPE, so that a command gives up its locks before it ends.
  std::signal(SIGPIPE, SIG_IGN);
  kseg::ExitStatus status = kseg::ExitStatus::system;
  try {
    status = kseg::run(argc, argv);
  } catch (const kseg::IoError& error) {
    if (error.error_number() == EPIPE) {
      std::signal(SIGPIPE, SIG_DFL);
      std::raise(SIGPIPE);
    }
    kseg::complain(error.what(), kseg::ExitStatus::system);
  } catch (const std::bad_alloc&) {
    kseg::complain("not enough memory", kseg::ExitStatus::system);
  }
  return static_cast<int>(status);
}
