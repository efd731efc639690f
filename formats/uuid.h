// Ids of topics and log directories: 16 bytes, in text the 22 characters of unpadded base64url.
// Grammar: formats/partition_metadata.md.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kseg {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};  // the most significant first

  // One of the 100 that Kafka keeps for itself; 0 stands for none, 1 for the metadata topic.
  bool is_reserved() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

std::string to_string(const Uuid& uuid);

// Nothing if Kafka would not read it. Padding ("==") is accepted, and the four bits that the last
// character has too many are ignored, so two texts may be one id.
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace kseg
