// The records inside a batch, of whatever message format. Layout and validity: formats/record_batch.md,
// formats/legacy_message.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/bytes.h"
#include "formats/cursor.h"
#include "formats/record_batch.h"

namespace kseg {

// A header of a record: the key is UTF-8 by convention only, the value may be null.
struct RecordHeaderView {
  Bytes key;
  std::optional<Bytes> value;
};

struct RecordView {
  Offset offset;
  std::int64_t timestamp_ms =
      kNoTimestamp;            // maxTimestamp of the batch if that is LogAppendTime; none in magic 0
  std::optional<Bytes> key;    // null and empty differ
  std::optional<Bytes> value;  // null is a tombstone
  std::int32_t header_count = 0;
  Bytes headers;  // encoded; read them with RecordHeaderReader
};

// Yields the headers of a record that RecordReader has accepted.
class RecordHeaderReader {
 public:
  explicit RecordHeaderReader(const RecordView& record) : in_(record.headers), left_(record.header_count) {}
  bool next(RecordHeaderView& header);

 private:
  Cursor in_;
  std::int32_t left_;
};

// Yields the records of one batch in order, from its uncompressed_records(). The header of a wrapper is
// complete. Views borrow from the section. next() is false at the end and after a defect; defect() tells
// which. This is the one reader that does not return a Result a step, because it runs once for every record.
//
// Errors: unknown_magic, unknown_codec (of a message in a wrapper, which must not be one), bad_varint,
// truncated, bad_length, bad_record (a body not exactly filled), record_count_mismatch (bytes left behind the
// last record, or too few), record_offset (outside the batch, or not above the record before). Positions
// count bytes of the uncompressed section.
class RecordReader {
 public:
  enum class Rules {
    sound,     // all of these
    of_kafka,  // of magic 2, as Kafka's own reader has them: offsets are not compared, and bytes behind the
               // last record are met before it is given
  };

  RecordReader(const RecordBatchHeader& batch, Bytes uncompressed_records, Rules rules = Rules::sound)
      : rules_(rules),
        section_(uncompressed_records),
        in_(uncompressed_records),
        base_offset_(batch.base_offset),
        previous_(batch.base_offset - 1),
        last_(batch.last_offset()),
        base_timestamp_(batch.base_timestamp),
        max_timestamp_(batch.max_timestamp),
        log_append_time_(batch.timestamp_type() == TimestampType::log_append_time),
        magic_(batch.magic),
        left_(batch.record_count) {}

  bool next(RecordView& record);
  const std::optional<Defect>& defect() const { return defect_; }

  // All bytes of the record that next() gave: of a message of format 0 or 1 with its crc.
  Bytes bytes() const { return section_.subspan(record_start_.value, in_.position() - record_start_); }
  // Of the message that next() gave, in a wrapper perhaps not the wrapper's own.
  std::int8_t magic() const { return static_cast<std::int8_t>(bytes()[RecordBatchHeader::kMagicPosition]); }
  // Behind the last record, in a wrapper: a message that is cut short.
  std::size_t bytes_left() const { return in_.remaining(); }

 private:
  bool next_usual(RecordView& record);
  bool next_message(RecordView& record);
  bool fail(DefectCode code, std::string expected, std::string found);
  bool bytes_behind_last();
  bool takes_offset(Offset offset);
  std::int64_t timestamp(std::int64_t delta) const;

  Rules rules_;
  Bytes section_;
  Cursor in_;
  Offset base_offset_;
  Offset previous_;
  Offset last_;
  std::int64_t base_timestamp_;
  std::int64_t max_timestamp_;
  bool log_append_time_;
  std::int8_t magic_;
  std::int64_t relative_to_ = 0;  // added to the offsets inside a wrapper
  std::int32_t left_;
  Position record_start_;
  std::optional<Defect> defect_;
};

// The records section of `batch`, decompressed into `scratch` if it is compressed: of formats 0 and 1 a set
// of messages, which is the message itself unless it is a wrapper. Bytes behind a compressed stream's end
// count as `trailing_bytes`. Positions in errors are positions in the file.
Result<Decompressor::Output> uncompressed_records(const RecordBatchView& batch, Decompressor& decompressor,
                                                  ByteBuffer& scratch);

// Java's decoding and encoding of a header key: what Kafka's cleaner writes for bytes that are not
// UTF-8 (each ill-formed sequence becomes EF BF BD).
bool is_utf8(Bytes bytes);
void append_as_utf8(Bytes bytes, ByteBuffer& out);

}  // namespace kseg
