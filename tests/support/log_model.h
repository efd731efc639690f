// A partition as tests speak of it: segments of batches of records, with the entries of their
// transaction indexes. tests/support/notation.h writes it as text, tests/support/log_folder.h as files.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "formats/control_record.h"
#include "formats/producer_snapshot.h"
#include "formats/record_batch.h"
#include "formats/transaction_index.h"

namespace kseg {

struct HeaderModel {
  ByteBuffer key;
  std::optional<ByteBuffer> value;
  friend bool operator==(const HeaderModel&, const HeaderModel&) = default;
};

struct RecordModel {
  Offset offset;
  std::int64_t timestamp_ms = kNoTimestamp;  // as a reader sees it: the batch's if that is LogAppendTime
  std::optional<ByteBuffer> key;
  std::optional<ByteBuffer> value;
  std::vector<HeaderModel> headers;
  friend bool operator==(const RecordModel&, const RecordModel&) = default;
};

// Header, records and bytes always say the same; make_batch and decode_batch see to it.
struct BatchModel {
  RecordBatchHeader header;
  std::vector<RecordModel> records;
  ByteBuffer bytes;
  bool mixes_formats = false;  // a wrapper around messages of the other format 0 or 1
  bool rebuilt = false;        // the notation's `*`
};

struct SegmentModel {
  Offset base;
  std::int64_t mtime_ms = 0;
  std::vector<BatchModel> batches;
  std::vector<AbortedTxn> aborted;

  std::uint64_t size_bytes() const;
  Offset next_offset() const;  // base if it is empty
};

struct LogModel {
  std::vector<SegmentModel> segments;  // ascending bases, the last one is active

  Offset end_offset() const;  // LEO; 0 without segments
};

// Encodes a batch, or a message of format 0 or 1 if that is `like`'s magic, whose offsets, codec, bits and
// producer are `like`'s. `horizon_ms` sets the delete horizon; of a LogAppendTime batch and of one without
// records maxTimestamp is `like`'s too.
BatchModel make_batch(const RecordBatchHeader& like, const std::vector<RecordModel>& records,
                      std::optional<std::int64_t> horizon_ms = std::nullopt);

// A marker, or KRaft's leader change, as the broker writes it; with kNoProducerId it has no producer.
BatchModel make_control_batch(Offset offset, ControlType type, std::int64_t producer_id, std::int16_t epoch,
                              std::int32_t leader_epoch,
                              std::optional<std::int64_t> horizon_ms = std::nullopt);

// The batch that `bytes` begin with. Errors are those of the header, the codec and the records.
Result<BatchModel> decode_batch(Bytes bytes, Position at = {});

// What stands in the key of a control batch's first record; nothing if it has none.
std::optional<ControlType> control_type(const BatchModel& batch);

// What a broker knows of the producers after it has replayed the log from `from` on
// (log-format.md 1.9), by producer id. An empty control batch makes an unknown producer known, with
// epoch -1.
std::vector<ProducerStateEntry> replay_producers(const LogModel& log, Offset from = {0});

// Sets `rebuilt` of the batches of `after` whose bytes occur nowhere in `before`.
void mark_rebuilt(const LogModel& before, LogModel& after);

}  // namespace kseg
