// Records of `__remote_log_metadata` as the text of Kafka 4.3.1's own classes.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "formats/bytes.h"

namespace kseg {

// Of a record's value that decode_internal_record has taken in the form `kafka`. What that class refuses,
// such as an end below the start, is returned in its words, and nothing is appended.
std::optional<std::string> append_remote_log_text(Bytes value, fmt::memory_buffer& out);

}  // namespace kseg
