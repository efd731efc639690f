#include "formats/defect.h"

namespace kseg {

std::string_view name(DefectCode code) {
  switch (code) {
#define KSEG_NAME(code_name) \
  case DefectCode::code_name: return #code_name
    KSEG_NAME(truncated);
    KSEG_NAME(trailing_bytes);
    KSEG_NAME(unknown_version);
    KSEG_NAME(bad_varint);
    KSEG_NAME(bad_length);
    KSEG_NAME(bad_text);
    KSEG_NAME(crc_mismatch);
    KSEG_NAME(torn_tail);
    KSEG_NAME(unknown_magic);
    KSEG_NAME(unknown_codec);
    KSEG_NAME(bad_compression);
    KSEG_NAME(output_limit);
    KSEG_NAME(record_count_mismatch);
    KSEG_NAME(record_offset);
    KSEG_NAME(bad_record);
    KSEG_NAME(bad_control_record);
    KSEG_NAME(bad_producer);
    KSEG_NAME(bad_timestamp);
    KSEG_NAME(max_timestamp_mismatch);
    KSEG_NAME(base_timestamp_mismatch);
    KSEG_NAME(unused_attributes);
    KSEG_NAME(legacy_message_emptied);
    KSEG_NAME(sparse_batch);
    KSEG_NAME(offset_order);
    KSEG_NAME(segment_range);
    KSEG_NAME(segment_overlap);
    KSEG_NAME(segment_too_large);
    KSEG_NAME(missing_file);
    KSEG_NAME(unfinished_swap);
    KSEG_NAME(index_order);
    KSEG_NAME(index_position);
    KSEG_NAME(index_offset);
    KSEG_NAME(index_missing);
    KSEG_NAME(timestamp_mismatch);
    KSEG_NAME(transaction_mismatch);
    KSEG_NAME(producer_state);
    KSEG_NAME(leader_epoch);
    KSEG_NAME(log_start);
#undef KSEG_NAME
  }
  return "unknown";
}

std::string describe(const Defect& defect) {
  std::string text{name(defect.code)};
  if (!defect.expected.empty()) text += ": expected " + defect.expected;
  if (!defect.found.empty()) text += (defect.expected.empty() ? ": found " : ", found ") + defect.found;
  return text;
}

}  // namespace kseg
