// Kafka's own messages, read by their schema and written as the JSON that Kafka's tools write of them.
#pragma once

#include <fmt/format.h>

#include <optional>

#include "formats/cursor.h"
#include "formats/message_schema.h"

namespace kseg {

enum class MessageForm {
  kafka,  // as Kafka 4.3.1 prints it: unknown tags are dropped, also those that 4.4 knows
  whole,  // with "unknownTaggedFields":[{"tag":9,"data":"AP8="}] in each structure that has such
};

// Appends the object and leaves the cursor behind the message; fields that the version does not have are
// left out. What follows the message is the caller's business. On an error nothing is appended.
//
// Reads as Kafka 4.3.1 does: the size of a known tag is not looked at, of equal tags the last one counts, a
// version beyond the schema is read like the newest if there is no structure in it. Strings that are no UTF-8
// get U+FFFD.
//
// Errors: truncated, bad_length, bad_varint, unknown_version (a tag that the version does not have).
// `found` has Kafka's words, which are "null" where the bytes end within a number.
std::optional<Defect> append_message_json(const MessageSchema& schema, std::int16_t version, Cursor& in,
                                          MessageForm form, fmt::memory_buffer& out);

}  // namespace kseg
