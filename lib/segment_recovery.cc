#include "lib/segment_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "formats/offset_index.h"
#include "formats/time_index.h"

namespace kseg {
namespace {

constexpr std::int64_t kMaxRelativeOffset = std::numeric_limits<std::int32_t>::max();

// Whether the entry that was added last goes back behind the one before it.
template <typename View>
bool goes_back(const View& index, bool may_stay) {
  if (index.size() < 2) return false;
  const Offset last = index[index.size() - 1].offset;
  const Offset before = index[index.size() - 2].offset;
  return may_stay ? last < before : last <= before;
}

bool zeros_to_end(File& file, Position from, Position end) {
  ByteBuffer buffer(std::size_t{1} << 16);
  while (from < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - from));
    const std::size_t got = file.read_at(from, std::span(buffer).first(wanted));
    if (std::any_of(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got),
                    [](std::uint8_t byte) { return byte != 0; })) {
      return false;
    }
    if (got == 0) break;
    from = from + got;
  }
  return true;
}

class Scan {
 public:
  Scan(FileSystem& files, const LogPart& part, const SegmentRecovery::Limits& limits,
       LoadedProducers& producers, LeaderEpochs& epochs)
      : file_(files.open(part.log)),
        part_(part),
        limits_(limits),
        producers_(producers),
        epochs_(epochs),
        scanned_{.end = {},
                 .next_offset = part.base_offset,
                 .highest = part.base_offset,
                 .damage = {},
                 .indexes = SegmentIndexes(part.base_offset, limits.index_interval_bytes),
                 .transaction_index = {},
                 .epochs_changed = false,
                 .offsets_go_back = {}} {}

  std::variant<SegmentRecovery::Scanned, Defect> run() {
    RecoveryReader reader(*file_, RecoveryReader::Payload::check, part_.end);
    while (true) {
      const auto batch = reader.next();
      if (!batch) {
        scanned_.damage = batch.error();
        break;
      }
      if (!*batch) break;
      if (auto defect = take(**batch)) return std::move(*defect);
      if (scanned_.offsets_go_back) return std::move(scanned_);
    }
    if (scanned_.end < part_.end) tell_damage();
    scanned_.indexes.close();
    check_time_index(scanned_.end);
    return std::move(scanned_);
  }

 private:
  Defect defect(DefectCode code, const RecordBatchView& batch, std::string expected,
                std::string found) const {
    return {.code = code,
            .position = batch.position,
            .offset = batch.header.base_offset,
            .expected = std::move(expected),
            .found = std::move(found)};
  }

  // A defect is one that stops everything.
  std::optional<Defect> take(const RecordBatchView& batch) {
    const RecordBatchHeader& header = batch.header;
    const std::int64_t relative_offset = header.last_offset() - part_.base_offset;
    if (relative_offset < 0 || relative_offset > kMaxRelativeOffset) {
      return defect(
          DefectCode::segment_range, batch,
          fmt::format("a last offset in {}..{}", part_.base_offset, part_.base_offset + kMaxRelativeOffset),
          fmt::format("{}", header.last_offset()));
    }
    if (auto full = add_to_indexes(batch)) return full;
    if (scanned_.offsets_go_back) return std::nullopt;
    scanned_.end = batch.position + header.size_bytes();
    scanned_.next_offset = header.next_offset();
    scanned_.highest = std::max(scanned_.highest, header.next_offset());
    const auto latest = epochs_.latest();
    if (!header.is_legacy() && (!latest || header.partition_leader_epoch > *latest)) {
      scanned_.epochs_changed |= epochs_.assign(header.partition_leader_epoch, header.base_offset);
    }
    const auto aborted = producers_.apply(batch);
    if (!aborted) return aborted.error();
    if (!*aborted) return std::nullopt;
    if (last_abort_ && (*aborted)->last_offset <= *last_abort_) {
      return defect(DefectCode::transaction_mismatch, batch,
                    fmt::format("an ABORT marker behind the one at {}", *last_abort_),
                    fmt::format("{}", (*aborted)->last_offset));
    }
    last_abort_ = (*aborted)->last_offset;
    encode_aborted_txn(**aborted, scanned_.transaction_index);
    return std::nullopt;
  }

  std::optional<Defect> add_to_indexes(const RecordBatchView& batch) {
    const SegmentIndexes& indexes = scanned_.indexes;
    const std::size_t entries = indexes.offset_index().size() / OffsetIndexEntry::kSize;
    const std::size_t time_entries = indexes.time_index().size() / TimeIndexEntry::kSize;
    scanned_.indexes.add(batch.header, batch.position);
    if (indexes.offset_index().size() / OffsetIndexEntry::kSize == entries) return std::nullopt;
    if (entries >= limits_.segment_index_bytes / OffsetIndexEntry::kSize ||
        time_entries + 1 >= limits_.segment_index_bytes / TimeIndexEntry::kSize) {
      return defect(
          DefectCode::index_order, batch,
          fmt::format("indexes of at most {} bytes (segment.index.bytes)", limits_.segment_index_bytes),
          "more batches than they hold");
    }
    if (goes_back(OffsetIndexView(indexes.offset_index(), part_.base_offset), false)) {
      scanned_.offsets_go_back = defect(DefectCode::offset_order, batch, "offsets that go up",
                                        fmt::format("a last offset of {}", batch.header.last_offset()));
    }
    check_time_index(batch.position);
    return std::nullopt;
  }

  void check_time_index(Position at) {
    if (scanned_.offsets_go_back ||
        !goes_back(TimeIndexView(scanned_.indexes.time_index(), part_.base_offset), true)) {
      return;
    }
    scanned_.offsets_go_back = Defect{.code = DefectCode::offset_order,
                                      .position = at,
                                      .expected = "offsets that go up with the largest timestamp",
                                      .found = "one that goes back"};
  }

  void tell_damage() {
    const std::uint64_t left = part_.end - scanned_.end;
    const bool zeros = zeros_to_end(*file_, scanned_.end, part_.end);
    if (scanned_.damage && !zeros) return;
    scanned_.damage = Defect{
        .code = DefectCode::torn_tail,
        .position = scanned_.end,
        .expected = "a batch",
        .found = zeros ? fmt::format("zeros to the end ({} bytes)", left) : fmt::format("{} bytes", left)};
  }

  std::unique_ptr<File> file_;
  const LogPart& part_;
  const SegmentRecovery::Limits& limits_;
  LoadedProducers& producers_;
  LeaderEpochs& epochs_;
  SegmentRecovery::Scanned scanned_;
  std::optional<Offset> last_abort_;
};

}  // namespace

std::variant<SegmentRecovery::Scanned, Defect> SegmentRecovery::scan(FileSystem& files, const LogPart& part,
                                                                     const Limits& limits,
                                                                     LoadedProducers& producers,
                                                                     LeaderEpochs& epochs) {
  return Scan(files, part, limits, producers, epochs).run();
}

}  // namespace kseg
