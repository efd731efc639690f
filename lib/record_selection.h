// Which records are wanted. Everything that is given must hold; what is not given does not matter.
#pragma once

#include <optional>

#include "formats/record.h"
#include "lib/key_selection.h"
#include "lib/offset_range.h"
#include "lib/time_range.h"

namespace kseg {

struct RecordSelection {
  OffsetRange offsets = {};
  std::optional<TimeRange> times = std::nullopt;
  std::optional<KeySelection> keys = std::nullopt;  // of data: control records have no key in this sense
  std::optional<std::int64_t> producer_id = std::nullopt;
  bool control_only = false;

  // Whether a batch has to be opened to tell which of its records are wanted.
  bool looks_into_batches() const { return times || keys; }

  // False only if none of the batch's records can be wanted, as far as its header is right. A header
  // tells the latest timestamp but not the earliest: the base timestamp is that of the first record,
  // or a delete horizon. With LogAppendTime all records have the same.
  bool may_match(const RecordBatchHeader& batch) const {
    if (batch.last_offset() < offsets.begin || batch.base_offset >= offsets.end) return false;
    if (control_only && !batch.is_control()) return false;
    if (producer_id && batch.producer_id != *producer_id) return false;
    if (keys && batch.is_control()) return false;
    if (!times) return true;
    if (batch.timestamp_type() == TimestampType::log_append_time) return times->contains(batch.max_timestamp);
    return batch.max_timestamp >= times->begin_ms;
  }

  // Of a batch that may match.
  bool matches(const RecordView& record) const {
    if (!offsets.contains(record.offset)) return false;
    if (times && !times->contains(record.timestamp_ms)) return false;
    return !keys || (record.key && keys->matches(*record.key));
  }
};

}  // namespace kseg
