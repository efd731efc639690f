// A message of format 0 or 1 as Kafka's own reader has it (LegacyRecord): its fields are where its sizes say,
// and one that lies outside is met only by who asks for it. What is neither format 0 nor 1 is taken for 1.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/bytes.h"
#include "formats/result.h"

namespace kseg {

class KafkaMessage {
 public:
  KafkaMessage() = default;
  // All of it but the offset and the size in front, 14 bytes or more: crc … value. Borrows.
  explicit KafkaMessage(Bytes bytes) : bytes_(bytes) {}

  std::uint32_t crc() const;  // as stored
  bool is_valid() const;      // the crc is right
  std::int8_t magic() const;
  bool is_compressed() const;

  // Errors of all: truncated, without position; `found` has what Java says of it, which is "null" for a size
  // that is outside itself.
  Result<std::int64_t> timestamp_ms() const;  // -1 in format 0
  Result<std::int32_t> key_size() const;      // as stored, negative for null
  Result<std::int32_t> value_size() const;
  Result<std::optional<Bytes>> key() const;
  Result<std::optional<Bytes>> value() const;

 private:
  std::size_t key_size_position() const;
  Result<std::int32_t> size_at(std::size_t position) const;
  Result<std::optional<Bytes>> sized_at(std::size_t position) const;
  Result<std::size_t> value_size_position() const;

  Bytes bytes_;
};

}  // namespace kseg
