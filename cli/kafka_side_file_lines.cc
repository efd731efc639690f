#include "cli/kafka_side_file_lines.h"

#include <vector>

#include "cli/kafka_line.h"
#include "formats/crc32c.h"
#include "formats/producer_snapshot.h"
#include "formats/sequence.h"
#include "formats/transaction_index.h"

namespace kseg {
namespace {

std::optional<std::int64_t> if_any(Offset offset) {
  return offset.value < 0 ? std::nullopt : std::optional(offset.value);
}

void producer_line(const ProducerStateEntry& entry, Output& output) {
  KafkaLine line(output);
  line.text("producerId: ", entry.producer_id)
      .text(" producerEpoch: ", entry.producer_epoch)
      .text(" coordinatorEpoch: ", entry.coordinator_epoch)
      .text(" currentTxnFirstOffset: ", if_any(entry.current_txn_first_offset))
      .text(" lastTimestamp: ", entry.timestamp_ms);
  if (entry.last_offset.value >= 0) {
    line.text(" firstSequence: ", decrement_sequence(entry.last_sequence, entry.offset_delta))
        .text(" lastSequence: ", entry.last_sequence)
        .text(" lastOffset: ", entry.last_offset)
        .text(" offsetDelta: ", entry.offset_delta)
        .text(" timestamp: ", entry.timestamp_ms);
  }
  line.end();
}

// Why Kafka does not read the entries, in its words; else they are in `entries`.
std::optional<std::string> read_entries(Bytes file, std::vector<ProducerStateEntry>& entries) {
  constexpr std::int16_t kVersion = 1;
  const auto invalid = [](std::string why) { return "Snapshot failed schema validation: " + std::move(why); };
  Cursor in(file);
  const std::int16_t version = in.i16();
  if (!in.ok()) return invalid("null");
  if (version != kVersion) {
    return invalid(fmt::format("Snapshot contained an unknown file version {}", version));
  }
  const std::uint32_t stored = in.u32();
  const std::size_t crc_start = file.size() - in.remaining();
  const std::int32_t count = in.i32();
  if (!in.ok()) return invalid("null");
  if (count < 0) return invalid("non-nullable field producerEntries was serialized as null");
  if (static_cast<std::size_t>(count) > in.remaining()) {
    return invalid(
        fmt::format("Tried to allocate a collection of size {}, but there are only {} bytes remaining.",
                    count, in.remaining()));
  }
  for (std::int32_t i = 0; i < count && in.ok(); ++i) entries.push_back(decode_producer_state_entry(in));
  if (!in.ok()) return invalid("null");
  const std::uint32_t computed = crc32c(file.subspan(crc_start));
  if (computed == stored) return std::nullopt;
  return fmt::format("Snapshot is corrupt (CRC is no longer valid). Stored crc: {}. Computed crc: {}", stored,
                     computed);
}

}  // namespace

bool kafka_snapshot_lines(Bytes file, Output& output) {
  std::vector<ProducerStateEntry> entries;
  if (const auto damage = read_entries(file, entries)) {
    output.remark(*damage);
    return true;
  }
  for (const ProducerStateEntry& entry : entries) producer_line(entry, output);
  return false;
}

std::optional<Defect> kafka_transaction_index_lines(Bytes file, Output& output) {
  const auto version_at = [&](std::size_t at) { return static_cast<std::int8_t>(file[at]); };
  const std::size_t end = file.size() / AbortedTxn::kSize * AbortedTxn::kSize;
  for (std::size_t at = 0; at < end; at += AbortedTxn::kSize) {
    // Kafka looks at the first of the two bytes only.
    if (version_at(at) > 0) {
      return Defect{.code = DefectCode::unknown_version,
                    .position = {at},
                    .expected = "a first byte of 0",
                    .found = fmt::format("{}", version_at(at))};
    }
  }
  KafkaLine line(output);
  for (std::size_t at = 0; at < end; at += AbortedTxn::kSize) {
    Cursor in(file.subspan(at));
    in.i16();
    line.text("version: ", version_at(at))
        .text(" producerId: ", in.i64())
        .text(" firstOffset: ", in.i64())
        .text(" lastOffset: ", in.i64())
        .text(" lastStableOffset: ", in.i64())
        .end();
  }
  return std::nullopt;
}

}  // namespace kseg
