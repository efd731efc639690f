// Records of Kafka's own topics in the lines of a dump.
#pragma once

#include <fmt/format.h>

#include "formats/internal_record.h"

namespace kseg {

// `{"key":{"type":1,"name":"OffsetCommit","data":{…}},"value":{"version":4,"data":{…}}}`. What cannot be
// decoded has "error" in place of "data"; bytes behind a message are its "trailing", in base64. The value is
// missing where the key does not tell what it is.
void append_decoded_json(fmt::memory_buffer& out, const RecordView& record, const DecodedRecord& decoded);

// `OffsetCommit {…}: v4 {…}`, `FeatureLevelRecord v0 {…}`. What cannot be decoded is shown as append_text
// does, and why in brackets.
void append_decoded_text(fmt::memory_buffer& out, const RecordView& record, const DecodedRecord& decoded);

}  // namespace kseg
