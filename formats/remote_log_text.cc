#include "formats/remote_log_text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "formats/check.h"
#include "formats/cursor.h"
#include "formats/record.h"
#include "formats/uuid.h"

namespace kseg {
namespace {

enum Type : std::int16_t { kSegment = 0, kSegmentUpdate = 1, kPartitionDelete = 2, kSegmentSnapshot = 3 };

constexpr std::array<std::string_view, 4> kSegmentStates = {
    "COPY_SEGMENT_STARTED", "COPY_SEGMENT_FINISHED", "DELETE_SEGMENT_STARTED", "DELETE_SEGMENT_FINISHED"};
constexpr std::array<std::string_view, 3> kDeleteStates = {
    "DELETE_PARTITION_MARKED", "DELETE_PARTITION_STARTED", "DELETE_PARTITION_FINISHED"};

// Nothing for a number without a name.
template <std::size_t N>
std::optional<std::string_view> state_name(const std::array<std::string_view, N>& names, std::int8_t state) {
  if (state < 0 || static_cast<std::size_t>(state) >= N) return std::nullopt;
  return names[static_cast<std::size_t>(state)];
}

// Signed, as Java's are: what is below 0 is null, or no tags.
std::int32_t compact_length(Cursor& in) {
  return static_cast<std::int32_t>(in.unsigned_varint() - 1);
}

std::string uuid(Cursor& in) {
  Uuid id;
  const Bytes bytes = in.bytes(static_cast<std::int64_t>(id.bytes.size()));
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return to_string(id);
}

// The one known tag is 0 of a segment: whether its transaction index is empty.
bool read_tags(Cursor& in, bool of_segment = false) {
  bool txn_index_empty = false;
  const auto count = static_cast<std::int32_t>(in.unsigned_varint());
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t tag = in.unsigned_varint();
    const std::uint32_t size = in.unsigned_varint();
    if (of_segment && tag == 0) {
      txn_index_empty = in.i8() != 0;
    } else {
      in.bytes(size);
    }
  }
  return txn_index_empty;
}

std::string topic_id_partition(Cursor& in) {
  ByteBuffer name;
  append_as_utf8(in.bytes(compact_length(in)), name);
  const std::string id = uuid(in);
  const std::int32_t partition = in.i32();
  read_tags(in);
  return fmt::format("{}:{}-{}", id, as_text(name), partition);
}

std::string segment_id(Cursor& in) {
  const std::string partition = topic_id_partition(in);
  const std::string id = uuid(in);
  read_tags(in);
  return fmt::format("RemoteLogSegmentId{{topicIdPartition={}, id={}}}", partition, id);
}

std::map<std::int32_t, std::int64_t> leader_epochs(Cursor& in) {
  std::map<std::int32_t, std::int64_t> epochs;
  const std::int32_t count = compact_length(in);
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    const std::int32_t epoch = in.i32();
    epochs[epoch] = in.i64();
    read_tags(in);
  }
  return epochs;
}

std::string custom_metadata(Cursor& in) {
  const std::int32_t size = compact_length(in);
  if (size < 0) return "Optional.empty";
  in.bytes(size);
  return fmt::format("Optional[CustomMetadata{{{} bytes}}]", size);
}

std::optional<std::string> segment(Cursor& in, bool is_snapshot, fmt::memory_buffer& out) {
  const std::string id = is_snapshot ? uuid(in) : segment_id(in);
  const std::int64_t start_offset = in.i64();
  const std::int64_t end_offset = in.i64();
  const std::int32_t broker_id = in.i32();
  const std::int64_t max_timestamp_ms = in.i64();
  const std::int64_t event_timestamp_ms = in.i64();
  const auto epochs = leader_epochs(in);
  const std::int32_t size_bytes = in.i32();
  const std::string custom = custom_metadata(in);
  const auto state = state_name(kSegmentStates, in.i8());
  const bool txn_index_empty = read_tags(in, true);
  check(in.ok() && in.remaining() == 0, "a segment's record has been looked at before");

  if (is_snapshot && !state) return "state can not be null";
  if (!is_snapshot && start_offset < 0) {
    return fmt::format("Unexpected start offset = {}. StartOffset for a remote segment cannot be negative",
                       start_offset);
  }
  if (!is_snapshot && end_offset < start_offset) {
    return fmt::format(
        "Unexpected end offset = {}. EndOffset for a remote segment cannot be less than startOffset = {}",
        end_offset, start_offset);
  }
  if (epochs.empty()) return "segmentLeaderEpochs can not be null or empty";
  if (!state) return "state can not be null";
  std::string map;
  for (const auto& [epoch, offset] : epochs) {
    map += fmt::format("{}{}={}", map.empty() ? "" : ", ", epoch, offset);
  }
  const auto to = std::back_inserter(out);
  if (is_snapshot) {
    fmt::format_to(
        to,
        "RemoteLogSegmentMetadataSnapshot{{segmentId={}, startOffset={}, endOffset={}, maxTimestampMs={}, ",
        id, start_offset, end_offset, max_timestamp_ms);
  } else {
    fmt::format_to(
        to,
        "RemoteLogSegmentMetadata{{remoteLogSegmentId={}, startOffset={}, endOffset={}, brokerId={}, "
        "maxTimestampMs={}, eventTimestampMs={}, ",
        id, start_offset, end_offset, broker_id, max_timestamp_ms, event_timestamp_ms);
  }
  fmt::format_to(
      to, "segmentLeaderEpochs={{{}}}, segmentSizeInBytes={}, customMetadata={}, state={}, txnIdxEmpty={}}}",
      map, size_bytes, custom, *state, txn_index_empty);
  return std::nullopt;
}

std::optional<std::string> segment_update(Cursor& in, fmt::memory_buffer& out) {
  const std::string id = segment_id(in);
  const std::int32_t broker_id = in.i32();
  const std::int64_t event_timestamp_ms = in.i64();
  const std::string custom = custom_metadata(in);
  const auto state = state_name(kSegmentStates, in.i8());
  read_tags(in);
  check(in.ok() && in.remaining() == 0, "an update's record has been looked at before");

  if (!state) return "state can not be null";
  fmt::format_to(std::back_inserter(out),
                 "RemoteLogSegmentMetadataUpdate{{remoteLogSegmentId={}, customMetadata={}, state={}, "
                 "eventTimestampMs={}, brokerId={}}}",
                 id, custom, *state, event_timestamp_ms, broker_id);
  return std::nullopt;
}

std::optional<std::string> partition_delete(Cursor& in, fmt::memory_buffer& out) {
  const std::string partition = topic_id_partition(in);
  const std::int32_t broker_id = in.i32();
  const std::int64_t event_timestamp_ms = in.i64();
  const auto state = state_name(kDeleteStates, in.i8());
  read_tags(in);
  check(in.ok() && in.remaining() == 0, "a partition's record has been looked at before");

  if (!state) return "null";
  fmt::format_to(
      std::back_inserter(out),
      "RemotePartitionDeleteMetadata{{topicPartition={}, state={}, eventTimestampMs={}, brokerId={}}}",
      partition, *state, event_timestamp_ms, broker_id);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> append_remote_log_text(Bytes value, fmt::memory_buffer& out) {
  Cursor in(value);
  in.unsigned_varint();  // frame version
  const auto type = static_cast<std::int16_t>(in.unsigned_varint());
  in.unsigned_varint();  // version
  switch (type) {
    case kSegment: return segment(in, false, out);
    case kSegmentUpdate: return segment_update(in, out);
    case kPartitionDelete: return partition_delete(in, out);
    case kSegmentSnapshot: return segment(in, true, out);
    default: check(false, "a type that has been looked at before"); return std::nullopt;
  }
}

}  // namespace kseg
