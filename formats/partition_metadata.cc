#include "formats/partition_metadata.h"

#include <fmt/format.h>

#include "formats/decimal.h"
#include "formats/line_reader.h"
#include "formats/record.h"

namespace kseg {
namespace {

// The value of a line `key: value`; empty if it is not one.
std::string_view value_of(std::optional<std::string_view> line) {
  const auto parts = split(line.value_or(""), ":");
  return parts.size() == 2 ? parts[1] : std::string_view{};
}

}  // namespace

Result<PartitionMetadata> decode_partition_metadata(Bytes file) {
  if (!is_utf8(file)) return Defect{.code = DefectCode::bad_text, .position = {}, .expected = "UTF-8"};
  LineReader lines(file);

  const auto version = parse_decimal<std::int32_t>(value_of(lines.next()));
  if (!version) return lines.bad_text("\"version: NUMBER\"");
  if (*version < 0) {
    return Defect{.code = DefectCode::unknown_version,
                  .position = lines.position(),
                  .expected = "0 or above",
                  .found = fmt::format("{}", *version)};
  }

  const auto topic_id = parse_uuid(value_of(lines.next()));
  if (!topic_id) return lines.bad_text("\"topic_id: \" and 22 characters of base64url");
  if (*topic_id == Uuid{}) return lines.bad_text("a topic id that is not zero");
  return PartitionMetadata{.version = *version, .topic_id = *topic_id};
}

std::string encode_partition_metadata(const PartitionMetadata& metadata) {
  return fmt::format("version: {}\ntopic_id: {}", metadata.version, to_string(metadata.topic_id));
}

}  // namespace kseg
