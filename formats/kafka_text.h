// What Kafka 4.3.1's dump tool prints of records in the topics that Kafka keeps for itself.
#pragma once

#include "formats/internal_record.h"

namespace kseg {

// Kept to be filled again.
struct KafkaRecordText {
  bool has_key = false;
  bool has_value = false;
  fmt::memory_buffer key;    // "key: …" has it without "key: "
  fmt::memory_buffer value;  // likewise "payload: …"
  DecodedRecord decoded;     // scratch
};

// Of a data record. False where that tool ends its run: the key of a coordinator's record is null.
[[nodiscard]] bool kafka_record_text(InternalTopic topic, const RecordView& record, KafkaRecordText& text);

// Appends what stands behind the fixed part of a control record's line, "LeaderChange: {…}". False, and
// nothing is appended, where that tool ends its run: the record is malformed.
[[nodiscard]] bool append_kafka_control_text(const RecordView& record, fmt::memory_buffer& out);

}  // namespace kseg
