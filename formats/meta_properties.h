// `meta.properties` of a log directory: whose it is. Grammar: formats/meta_properties.md.
#pragma once

#include <optional>
#include <string>

#include "formats/bytes.h"
#include "formats/result.h"
#include "formats/uuid.h"

namespace kseg {

struct MetaProperties {
  std::int32_t version = 1;               // 0 before KRaft, 1 since
  std::optional<std::string> cluster_id;  // UTF-8; always there in version 1
  std::optional<std::int32_t> node_id;    // `broker.id` in version 0; always there in version 1
  std::optional<Uuid> directory_id;
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};

// Unknown keys are ignored. Errors: bad_text with the position of the line (of the end of the file
// for a key that is missing), unknown_version.
Result<MetaProperties> decode_meta_properties(Bytes file);

// Without the two comment lines that Kafka puts first.
std::string encode_meta_properties(const MetaProperties& properties);

}  // namespace kseg
