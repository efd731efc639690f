#include "lib/tombstone_report.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "lib/batch_check.h"

namespace kseg {
namespace {

class Finder {
 public:
  Finder(FileSystem& files, const TombstoneRequest& request) : files_(files), request_(request) {}

  TombstoneReport run() {
    find();
    std::stable_sort(report_.tombstones.begin(), report_.tombstones.end(),
                     [](const Tombstone& a, const Tombstone& b) { return a.offset < b.offset; });
    if (!report_.tombstones.empty()) follow_keys();
    for (Tombstone& tombstone : report_.tombstones) {
      if (tombstone.state != TombstoneState::waiting) continue;
      tombstone.state = tombstone.superseded_by ? TombstoneState::superseded : state_of(tombstone.horizon_ms);
      if (tombstone.superseded_by) tombstone.comes_back = std::nullopt;
    }
    return std::move(report_);
  }

 private:
  // Of the keys of tombstones: what of it was met so far.
  struct KeyHistory {
    std::uint64_t values = 0;
    std::uint64_t bytes = 0;
    std::optional<Offset> last_value;      // nothing behind a tombstone
    std::optional<std::size_t> tombstone;  // reported, and nothing newer met
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };

  PartitionReader reader(OffsetRange range) {
    const PartitionReader::Options options{.range = range};
    return request_.is_file ? PartitionReader::of_file(files_, request_.target, options)
                            : PartitionReader::of_folder(files_, request_.target, options);
  }

  TombstoneState state_of(std::optional<std::int64_t> horizon_ms) const {
    if (!horizon_ms) return TombstoneState::waiting;
    return *horizon_ms <= request_.now_ms ? TombstoneState::due : TombstoneState::pending;
  }

  void find() {
    PartitionReader in = reader({.begin = request_.log_start});
    Path file;
    bool in_active_segment = false;
    while (true) {
      const auto batch = in.next();
      if (!batch) {
        const bool torn = batch.error().code == DefectCode::torn_tail && in.in_active_segment();
        (torn ? report_.torn_tails : report_.defects).push_back({in.segment().log, batch.error()});
        continue;
      }
      if (!*batch) return;
      if (file != in.segment().log) {
        file = in.segment().log;
        in_active_segment = in.in_active_segment();
      }
      end_ = std::max(end_, (*batch)->header.next_offset());
      if (auto defect = find_in(**batch, in_active_segment)) {
        report_.defects.push_back({file, in_file(*defect, **batch)});
      }
    }
  }

  std::optional<Defect> find_in(const RecordBatchView& batch, bool in_active_segment) {
    const RecordBatchHeader& header = batch.header;
    if (header.is_control()) return find_marker(batch, in_active_segment);
    fates_.follow(header, std::nullopt);
    const auto section = uncompressed_records(batch, decompressor_, scratch_);
    if (!section) return section.error();
    RecordReader records(header, section->bytes);
    for (RecordView record; records.next(record);) {
      if (record.value || !record.key || record.offset < request_.log_start) continue;
      if (!request_.selection.matches(record)) continue;
      keys_.try_emplace(std::string(as_text(*record.key)));
      report_.tombstones.push_back({.offset = record.offset,
                                    .timestamp_ms = record.timestamp_ms,
                                    .key = std::string(as_text(*record.key)),
                                    .size_bytes = size_of(record),
                                    .horizon_ms = header.delete_horizon_ms(),
                                    .in_active_segment = in_active_segment});
    }
    return records.defect();
  }

  std::optional<Defect> find_marker(const RecordBatchView& batch, bool in_active_segment) {
    const RecordBatchHeader& header = batch.header;
    if (header.record_count == 0) return std::nullopt;
    const auto section = uncompressed_records(batch, decompressor_, scratch_);
    if (!section) return section.error();
    RecordReader records(header, section->bytes);
    RecordView record;
    if (!records.next(record)) return records.defect();
    const auto type = decode_control_type(record);
    if (!type) return type.error();
    const bool has_data = fates_.follow(header, *type);
    if (has_data || (*type != ControlType::abort && *type != ControlType::commit)) return std::nullopt;
    report_.markers.push_back({.offset = record.offset,
                               .timestamp_ms = record.timestamp_ms,
                               .type = *type,
                               .producer_id = header.producer_id,
                               .producer_epoch = header.producer_epoch,
                               .horizon_ms = header.delete_horizon_ms(),
                               .in_active_segment = in_active_segment,
                               .state = state_of(header.delete_horizon_ms())});
    return std::nullopt;
  }

  static std::uint64_t size_of(const RecordView& record) {
    return record.key.value_or(Bytes{}).size() + record.value.value_or(Bytes{}).size() +
           record.headers.size();
  }

  // What is damaged was told the first time.
  void follow_keys() {
    PartitionReader in = reader({.begin = request_.log_start, .end = end_});
    while (true) {
      const auto batch = in.next();
      if (!batch) continue;
      if (!*batch) return;
      const RecordBatchHeader& header = (*batch)->header;
      if (header.is_control()) continue;
      const auto section = uncompressed_records(**batch, decompressor_, scratch_);
      if (!section) continue;
      const TransactionFate fate = fates_.of(header);
      RecordReader records(header, section->bytes);
      for (RecordView record; records.next(record);) {
        if (!record.key || record.offset < request_.log_start) continue;
        const auto key = keys_.find(as_text(*record.key));
        if (key != keys_.end()) follow(record, fate, key->second);
      }
    }
  }

  void follow(const RecordView& record, TransactionFate fate, KeyHistory& key) {
    const auto index = record.value ? std::nullopt : reported(record.offset);
    if (fate != TransactionFate::committed) {
      if (!index) return;
      report_.tombstones[*index].state =
          fate == TransactionFate::aborted ? TombstoneState::aborted : TombstoneState::undecided;
      return;
    }
    if (key.tombstone) report_.tombstones[*key.tombstone].superseded_by = record.offset;
    key.tombstone = index;
    if (index) {
      Tombstone& tombstone = report_.tombstones[*index];
      tombstone.shadowed_values = key.values;
      tombstone.shadowed_bytes = key.bytes;
      tombstone.comes_back = key.last_value;
    }
    if (record.value) {
      ++key.values;
      key.bytes += size_of(record);
      key.last_value = record.offset;
    } else {
      key.last_value = std::nullopt;
    }
  }

  std::optional<std::size_t> reported(Offset offset) const {
    const auto& all = report_.tombstones;
    const auto found =
        std::lower_bound(all.begin(), all.end(), offset,
                         [](const Tombstone& tombstone, Offset wanted) { return tombstone.offset < wanted; });
    if (found == all.end() || found->offset != offset) return std::nullopt;
    return static_cast<std::size_t>(found - all.begin());
  }

  FileSystem& files_;
  const TombstoneRequest& request_;
  TombstoneReport report_;
  TransactionFates fates_;
  Offset end_{0};  // of the log, the first time
  std::unordered_map<std::string, KeyHistory, Hash, std::equal_to<>> keys_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace

std::string_view name(TombstoneState state) {
  switch (state) {
    case TombstoneState::due: return "due";
    case TombstoneState::pending: return "pending";
    case TombstoneState::waiting: return "waiting";
    case TombstoneState::superseded: return "superseded";
    case TombstoneState::aborted: return "aborted";
    case TombstoneState::undecided: return "undecided";
  }
  return "";
}

TombstoneReport find_tombstones(FileSystem& files, const TombstoneRequest& request) {
  return Finder(files, request).run();
}

}  // namespace kseg
