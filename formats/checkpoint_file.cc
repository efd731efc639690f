#include "formats/checkpoint_file.h"

#include <fmt/format.h>

#include "formats/decimal.h"
#include "formats/line_reader.h"
#include "formats/record.h"

namespace kseg {
namespace {

constexpr std::int32_t kVersion = 0;

std::optional<PartitionOffset> parse_partition_offset(const std::vector<std::string_view>& fields) {
  if (fields.size() != 3) return std::nullopt;
  const auto partition = parse_decimal<std::int32_t>(fields[1]);
  const auto offset = parse_decimal<std::int64_t>(fields[2]);
  if (!partition || !offset) return std::nullopt;
  return PartitionOffset{.partition = {.topic = std::string(fields[0]), .partition = *partition},
                         .offset = {*offset}};
}

std::optional<EpochEntry> parse_epoch_entry(const std::vector<std::string_view>& fields) {
  if (fields.size() != 2) return std::nullopt;
  const auto epoch = parse_decimal<std::int32_t>(fields[0]);
  const auto start_offset = parse_decimal<std::int64_t>(fields[1]);
  if (!epoch || !start_offset) return std::nullopt;
  return EpochEntry{.epoch = *epoch, .start_offset = {*start_offset}};
}

template <typename Entry>
Result<std::vector<Entry>> decode(Bytes file, std::string_view grammar,
                                  std::optional<Entry> (*parse)(const std::vector<std::string_view>&)) {
  std::vector<Entry> entries;
  LineReader lines(file);

  const auto version_line = lines.next();
  if (!version_line) return entries;
  const auto version = parse_decimal<std::int32_t>(*version_line);
  if (!version) return lines.bad_text("a version");
  if (*version != kVersion) {
    return Defect{.code = DefectCode::unknown_version,
                  .position = lines.position(),
                  .expected = fmt::format("{}", kVersion),
                  .found = fmt::format("{}", *version)};
  }

  const auto count_line = lines.next();
  if (!count_line) return entries;
  const Position count_position = lines.position();
  const auto count = parse_decimal<std::int32_t>(*count_line);
  if (!count || *count < 0) return lines.bad_text("the number of entries");

  while (const auto line = lines.next()) {
    auto entry = is_utf8(as_bytes(*line)) ? parse(split(*line)) : std::nullopt;
    if (!entry) return lines.bad_text(std::string(grammar));
    entries.push_back(std::move(*entry));
  }
  if (entries.size() != static_cast<std::size_t>(*count)) {
    return Defect{.code = DefectCode::bad_text,
                  .position = count_position,
                  .expected = fmt::format("{} entries", *count),
                  .found = fmt::format("{}", entries.size())};
  }
  return entries;
}

}  // namespace

Result<std::vector<PartitionOffset>> decode_offset_checkpoint(Bytes file) {
  return decode<PartitionOffset>(file, "\"topic partition offset\"", parse_partition_offset);
}

std::string encode_offset_checkpoint(const std::vector<PartitionOffset>& entries) {
  std::string text = fmt::format("{}\n{}\n", kVersion, entries.size());
  for (const PartitionOffset& entry : entries) {
    text += fmt::format("{} {} {}\n", entry.partition.topic, entry.partition.partition, entry.offset);
  }
  return text;
}

Result<std::vector<EpochEntry>> decode_leader_epoch_checkpoint(Bytes file) {
  return decode<EpochEntry>(file, "\"epoch offset\"", parse_epoch_entry);
}

std::string encode_leader_epoch_checkpoint(const std::vector<EpochEntry>& entries) {
  std::string text = fmt::format("{}\n{}\n", kVersion, entries.size());
  for (const EpochEntry& entry : entries) text += fmt::format("{} {}\n", entry.epoch, entry.start_offset);
  return text;
}

std::optional<Offset> find(const std::vector<PartitionOffset>& entries, const TopicPartition& partition) {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->partition == partition) return entry->offset;
  }
  return std::nullopt;
}

}  // namespace kseg
