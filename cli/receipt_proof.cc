#include "cli/receipt_proof.h"

#include <fmt/format.h>

#include <iterator>

#include "cli/counted.h"
#include "cli/output_report.h"
#include "cli/receipt.h"

namespace kseg {
namespace {

enum class Finding { same, differs, unproven, shorter, damaged, missing };

std::string_view name(Finding finding) {
  switch (finding) {
    case Finding::same: return "same";
    case Finding::differs: return "differs";
    case Finding::unproven: return "unproven";
    case Finding::shorter: return "shorter";
    case Finding::damaged: return "damaged";
    case Finding::missing: return "missing";
  }
  return "";
}

struct Proof {
  Finding finding = Finding::missing;
  OffsetRange now;  // log start and end
  StateProof state;
};

Proof prove(FileSystem& files, const Path& folder, const ReceiptToProve::Partition& partition,
            Output& output) {
  Proof proof;
  const auto info = files.info(folder);
  if (!info || !info->is_directory) return proof;
  OutputReport report(output);
  const ReadableLog whole =
      ReadableLog::open(files, folder, {.isolation = Isolation::read_uncommitted}, report);
  proof.now = whole.range();
  if (whole.segments().empty()) return proof;
  proof.finding = Finding::damaged;
  if (report.counts().defects > 0) return proof;
  proof.finding = Finding::shorter;
  if (proof.now.end < partition.log_end) return proof;
  const ReadableLog then = ReadableLog::open(files, folder, {.at_offset = partition.log_end}, report);
  const auto digest = PartitionDigest::of(files, then, report);
  proof.finding = Finding::damaged;
  if (!digest) return proof;
  proof.state = {.state = digest->state, .key_count = digest->key_count};
  if (proof.state == partition.state) {
    proof.finding = Finding::same;
  } else {
    const bool written_since = proof.now.end > partition.log_end || proof.now.begin > partition.log_start;
    proof.finding = written_since ? Finding::unproven : Finding::differs;
  }
  return proof;
}

std::string sentence(const ReceiptToProve::Partition& partition, const Proof& proof) {
  const std::int64_t since = proof.now.end - partition.log_end;
  const std::string appended =
      since > 0 ? fmt::format(", {} appended since", count(static_cast<std::uint64_t>(since), "offset")) : "";
  switch (proof.finding) {
    case Finding::same:
      return fmt::format("the same state at offset {}: {}{}", partition.log_end,
                         count(partition.state.key_count, "key"), appended);
    case Finding::differs:
      return fmt::format("another state: {} then, {} now", count(partition.state.key_count, "key"),
                         count(proof.state.key_count, "key"));
    case Finding::unproven:
      return fmt::format(
          "written to since (log {}..{} then, {}..{} now), and the older state is not left: "
          "nothing is proven",
          partition.log_start, partition.log_end, proof.now.begin, proof.now.end);
    case Finding::shorter:
      return fmt::format("the log ends at {}, it ended at {}", proof.now.end, partition.log_end);
    case Finding::damaged: return "damaged";
    case Finding::missing: return "no such partition";
  }
  return "";
}

void tell(const ReceiptToProve::Partition& partition, const Path& folder, const Proof& proof,
          Output& output) {
  if (output.json()) {
    output.row("proof")
        .field("partition", std::string_view(partition.name))
        .field("folder", std::string_view(folder.native()))
        .field("finding", name(proof.finding))
        .field("log_start_then", partition.log_start)
        .field("log_end_then", partition.log_end)
        .field("log_start", proof.now.begin)
        .field("log_end", proof.now.end)
        .field("key_count_then", partition.state.key_count)
        .field("key_count", proof.state.key_count)
        .end();
    return;
  }
  fmt::format_to(std::back_inserter(output.line()), "{}: {}", partition.name, sentence(partition, proof));
  output.end_line();
}

}  // namespace

ExitStatus prove_receipt(FileSystem& files, const Path& path, const std::optional<Path>& log_dir,
                         Output& output) {
  const ByteBuffer bytes = read_file(files, path);
  const auto parsed = ReceiptToProve::parse(as_text(bytes));
  if (const auto* wrong = std::get_if<std::string>(&parsed)) {
    output.remark(fmt::format("{}: {}", path.string(), *wrong));
    return ExitStatus::no;
  }
  const auto& receipt = std::get<ReceiptToProve>(parsed);
  std::uint64_t same = 0;
  for (const ReceiptToProve::Partition& partition : receipt.partitions) {
    const Path folder = log_dir ? *log_dir / partition.name : partition.folder;
    const Proof proof = prove(files, folder, partition, output);
    if (proof.finding == Finding::same) ++same;
    tell(partition, folder, proof, output);
  }
  const std::uint64_t wrong = receipt.partitions.size() - same;
  if (output.json()) {
    output.row("summary")
        .field("ok", wrong == 0)
        .field("same", same)
        .field("not_proven", wrong)
        .field("without_state", receipt.without)
        .end();
  } else {
    fmt::format_to(std::back_inserter(output.line()), "{} of {} as the receipt of {} says", same,
                   count(receipt.partitions.size(), "partition"), receipt.time);
    if (receipt.without > 0)
      fmt::format_to(std::back_inserter(output.line()), "; it has no state of {}",
                     count(receipt.without, "other"));
    output.end_line();
  }
  return wrong == 0 ? ExitStatus::done : ExitStatus::no;
}

}  // namespace kseg
