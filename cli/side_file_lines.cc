#include "cli/side_file_lines.h"

#include <fmt/ranges.h>

#include "formats/broker_state.h"
#include "formats/check.h"
#include "formats/checkpoint_file.h"
#include "formats/cursor.h"
#include "formats/file_description.h"
#include "formats/meta_properties.h"
#include "formats/offset_index.h"
#include "formats/partition_metadata.h"
#include "formats/producer_snapshot.h"
#include "formats/time_index.h"
#include "formats/transaction_index.h"
#include "lib/producer_snapshot_file.h"

namespace kseg {
namespace {

class SideFile {
 public:
  SideFile(const Path& path, Bytes bytes, const OffsetRange& range, Output& output)
      : path_(path), bytes_(bytes), range_(range), output_(output) {
    if (output_.json()) return;
    output_.line().append(path_.native());
    output_.end_line();
  }

  void offset_index() {
    const OffsetIndexView index(bytes_, base_offset());
    for (std::size_t i = 0; i < index.size(); ++i) {
      const OffsetIndexEntry entry = index[i];
      if (!range_.contains(entry.offset)) continue;
      row("offset_index_entry").field("offset", entry.offset).field("position", entry.position).end();
    }
    end_of_index(index.check(), index.padded(), index.used_bytes());
  }

  void time_index() {
    const TimeIndexView index(bytes_, base_offset());
    for (std::size_t i = 0; i < index.size(); ++i) {
      const TimeIndexEntry entry = index[i];
      if (!range_.contains(entry.offset)) continue;
      row("time_index_entry").time("timestamp", entry.timestamp_ms).field("offset", entry.offset).end();
    }
    end_of_index(index.check(), index.padded(), index.used_bytes());
  }

  void transaction_index() {
    for (std::size_t at = 0; at + AbortedTxn::kSize <= bytes_.size(); at += AbortedTxn::kSize) {
      Cursor in(bytes_.subspan(at, AbortedTxn::kSize));
      const auto txn = decode_aborted_txn(in);
      if (!txn || txn->last_offset < range_.begin || txn->first_offset >= range_.end) continue;
      row("aborted_txn")
          .field("producer_id", txn->producer_id)
          .field("first_offset", txn->first_offset)
          .field("last_offset", txn->last_offset)
          .field("last_stable_offset", txn->last_stable_offset)
          .end();
    }
    ok(decode_transaction_index(bytes_, base_offset()));
  }

  void producer_snapshot() {
    const auto entries = decode_producer_snapshot(bytes_);
    if (!ok(entries)) return;
    for (const ProducerStateEntry& entry : *entries) {
      row("producer")
          .field("producer_id", entry.producer_id)
          .field("producer_epoch", entry.producer_epoch)
          .field("last_sequence", entry.last_sequence)
          .field("last_offset", entry.last_offset)
          .field("offset_delta", entry.offset_delta)
          .time("timestamp", entry.timestamp_ms)
          .field("coordinator_epoch", entry.coordinator_epoch)
          .field("current_txn_first_offset", entry.current_txn_first_offset)
          .end();
    }
  }

  void offset_checkpoint() {
    const auto entries = decode_offset_checkpoint(bytes_);
    if (!ok(entries)) return;
    for (const PartitionOffset& entry : *entries) {
      row("checkpoint_entry")
          .field("topic", entry.partition.topic)
          .field("partition", entry.partition.partition)
          .field("offset", entry.offset)
          .end();
    }
  }

  void leader_epochs() {
    const auto entries = decode_leader_epoch_checkpoint(bytes_);
    if (!ok(entries)) return;
    for (const EpochEntry& entry : *entries) {
      row("leader_epoch").field("epoch", entry.epoch).field("start_offset", entry.start_offset).end();
    }
  }

  void meta_properties() {
    const auto properties = decode_meta_properties(bytes_);
    if (!ok(properties)) return;
    const auto directory_id =
        properties->directory_id ? std::optional(to_string(*properties->directory_id)) : std::nullopt;
    row("meta_properties")
        .field("version", properties->version)
        .field("cluster_id", properties->cluster_id)
        .field("node_id", properties->node_id)
        .field("directory_id", directory_id)
        .end();
  }

  void partition_metadata() {
    const auto metadata = decode_partition_metadata(bytes_);
    if (!ok(metadata)) return;
    row("partition_metadata")
        .field("version", metadata->version)
        .field("topic_id", to_string(metadata->topic_id))
        .end();
  }

  void quorum_state() {
    const auto state = decode_quorum_state(bytes_);
    if (!ok(state)) return;
    Row line = row("quorum_state");
    line.field("data_version", state->data_version)
        .field("leader_id", state->leader_id)
        .field("leader_epoch", state->leader_epoch)
        .field("voted_id", state->voted_id);
    if (state->voted_directory_id) line.field("voted_directory_id", to_string(*state->voted_directory_id));
    if (state->cluster_id) line.field("cluster_id", *state->cluster_id);
    if (state->applied_offset) line.field("applied_offset", *state->applied_offset);
    if (state->current_voters)
      line.field("current_voters", fmt::format("{}", fmt::join(*state->current_voters, ",")));
    line.end();
  }

  void clean_shutdown() {
    const auto mark = decode_clean_shutdown(bytes_);
    if (!mark) {
      return output_.note(path_, {}, "not the JSON that brokers write; only that the file is there counts");
    }
    row("clean_shutdown").field("version", mark->version).field("broker_epoch", mark->broker_epoch).end();
  }

  std::uint64_t lines() const { return lines_; }

 private:
  Row row(std::string_view type) {
    ++lines_;
    Row row = output_.row(type);
    if (output_.json()) row.field("file", path_.native());
    return row;
  }

  template <typename T>
  bool ok(const Result<T>& result) {
    if (!result) output_.defect(path_, result.error());
    return static_cast<bool>(result);
  }

  void end_of_index(const std::optional<Defect>& defect, bool padded, std::size_t used_bytes) {
    if (defect) output_.defect(path_, *defect);
    if (padded) output_.note(path_, {used_bytes}, "zeros to the end, as in the index of an active segment");
  }

  Offset base_offset() const {
    const std::string name = path_.filename().native();
    if (const auto index = parse_remote_index_name(name)) return index->start_offset;
    return parse_segment_file_name(name)->offset;
  }

  const Path& path_;
  Bytes bytes_;
  const OffsetRange& range_;
  Output& output_;
  std::uint64_t lines_ = 0;
};

}  // namespace

std::uint64_t dump_side_file(FileSystem& files, const Path& file, TargetKind kind, const OffsetRange& range,
                             Output& output) {
  const bool is_snapshot = kind == TargetKind::producer_snapshot;
  const ByteBuffer bytes = is_snapshot ? read_producer_snapshot(files, file) : read_file(files, file);
  SideFile side_file(file, bytes, range, output);
  switch (kind) {
    case TargetKind::offset_index: side_file.offset_index(); break;
    case TargetKind::time_index: side_file.time_index(); break;
    case TargetKind::transaction_index: side_file.transaction_index(); break;
    case TargetKind::producer_snapshot: side_file.producer_snapshot(); break;
    case TargetKind::offset_checkpoint: side_file.offset_checkpoint(); break;
    case TargetKind::leader_epochs: side_file.leader_epochs(); break;
    case TargetKind::meta_properties: side_file.meta_properties(); break;
    case TargetKind::partition_metadata: side_file.partition_metadata(); break;
    case TargetKind::quorum_state: side_file.quorum_state(); break;
    case TargetKind::clean_shutdown: side_file.clean_shutdown(); break;
    case TargetKind::log_directory:
    case TargetKind::partition_folder:
    case TargetKind::log:
    case TargetKind::metadata_snapshot: check(false, "dump_side_file of what is no side file");
  }
  return side_file.lines();
}

}  // namespace kseg
