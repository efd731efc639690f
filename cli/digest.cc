#include "cli/digest.h"

#include <CLI/CLI.hpp>

#include <memory>

#include "cli/output_report.h"
#include "cli/partition_targets.h"
#include "cli/reader_options.h"
#include "lib/partition_digest.h"

namespace kseg {
namespace {

constexpr const char* kFooter = R"(WHAT THE DIGESTS ARE OF
  records: offset, time, key, value and headers of each record that a reader gets, in order. The same for
  a replica, however its records are put into batches and segments and compressed.
  state: the last value of each key and its headers. The same for a mirror or a compacted copy, too.
  Of a damaged partition there are none. See kseg-digest(1) for the bytes that are hashed.

EXIT STATUS
  0  done
  1  done, but for partitions with defects (told on stderr; in jsonl as objects)
  2  the command line is wrong
  3  the system said no: a file is missing or cannot be read, no space, no memory)";

void show(const PartitionTarget& target, const std::optional<PartitionDigest>& digest, Output& output) {
  const auto text = [&](Digest PartitionDigest::*which) {
    return digest ? std::optional<std::string>(to_string((*digest).*which)) : std::nullopt;
  };
  const auto number = [&](std::uint64_t PartitionDigest::*which) {
    return digest ? std::optional((*digest).*which) : std::nullopt;
  };
  const auto offset = [&](std::optional<Offset> PartitionDigest::*which) {
    return digest ? (*digest).*which : std::nullopt;
  };
  Row row = output.row("digest");
  if (output.json() && target.partition) row.field("partition", to_string(*target.partition));
  row.field("records", text(&PartitionDigest::records))
      .field("state", text(&PartitionDigest::state))
      .field("record_count", number(&PartitionDigest::record_count))
      .field("key_count", number(&PartitionDigest::key_count))
      .field("first_offset", offset(&PartitionDigest::first_offset))
      .field("last_offset", offset(&PartitionDigest::last_offset))
      .field("path", target.path.native())
      .end();
}

}  // namespace

void add_digest_command(CLI::App& app, ChosenCommand& chosen) {
  const auto options = std::make_shared<DigestOptions>();
  CLI::App* command = app.add_subcommand("digest", "Print digests of records and state, a line a partition");
  command->add_option("TARGET", options->targets, "partition folders, .log files, log directories")
      ->type_name("")
      ->required();
  add_output_options(*command, options->output);
  add_reader_options(*command, options->request);
  command->footer(kFooter);
  command->callback([options, &chosen] {
    chosen = {.format = options->output.format,
              .run = [options](Output& output) { return run_digest(*options, output); }};
  });
}

ExitStatus run_digest(const DigestOptions& options, Output& output) {
  FileSystem& files = posix_file_system();
  const auto targets = partition_targets(files, options.targets, "digest", output);
  if (!targets) return ExitStatus::usage;
  OutputReport report(output);
  for (const PartitionTarget& target : *targets) {
    const std::uint64_t defects_before = report.counts().defects;
    const ReadableLog log = ReadableLog::open(files, target.path, options.request, report);
    const bool sound = report.counts().defects == defects_before;
    show(target, sound ? PartitionDigest::of(files, log, report) : std::nullopt, output);
  }
  if (output.json()) {
    output.row("summary").field("partitions", targets->size()).field("defects", output.defects()).end();
  }
  return output.defects() == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
