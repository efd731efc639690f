// Batches and records as lines of a dump.
#pragma once

#include <string>

#include "cli/output.h"
#include "cli/time_text.h"
#include "formats/file_names.h"
#include "formats/internal_record.h"
#include "formats/record.h"
#include "formats/record_batch.h"

namespace kseg {

// How a record's value is shown. Only `automatic` cuts long ones short, and only in text.
enum class ValueForm {
  automatic,  // text if it is UTF-8, else hexadecimal; in JSON a string or {"base64":"…"}
  none,       // its size only
  hex,        // in JSON {"hex":"…"}
  base64,     // in JSON {"base64":"…"}
  utf8,       // a string; what is no UTF-8 becomes U+FFFD
};

std::optional<ValueForm> parse_value_form(std::string_view text);

class RecordLines {
 public:
  explicit RecordLines(Output& output, ValueForm values = ValueForm::automatic)
      : output_(output), values_(values) {}

  // What follows is from this partition, which, if it is known, goes into every line of JSON.
  void begin_partition(const std::optional<TopicPartition>& partition);

  // And from this file of it: in text a line of its own.
  void begin_file(const Path& file);
  // The same, and somebody else has written that line.
  void go_on_in_file(const Path& file) { file_ = file; }

  // How the data records that follow are decoded; nothing: not at all.
  void decode_as(std::optional<InternalTopic> topic) { topic_ = topic; }

  // `valid`: whether the crc is right, if it was looked at.
  void batch(const RecordBatchHeader& header, Position position, std::optional<bool> valid);

  // What follows is of this batch, which itself is not shown.
  void begin_batch(const RecordBatchHeader& header);

  // A record of the batch given last. Returns what is wrong with a control record (bad_control_record,
  // without position).
  std::optional<Defect> record(const RecordView& record);

  // The same, and the line goes on behind it.
  std::optional<Defect> append_record(const RecordView& record);

 private:
  void batch_json(const RecordBatchHeader& header, Position position, std::optional<bool> valid);
  void batch_text(const RecordBatchHeader& header, Position position, std::optional<bool> valid);
  void record_json(const RecordView& record);
  void record_text(const RecordView& record);
  std::optional<Defect> read_control(const RecordView& record);
  void append_value_json(const std::optional<Bytes>& value);
  void append_value_text(const std::optional<Bytes>& value);
  std::int32_t sequence_of(const RecordView& record) const;

  Output& output_;
  ValueForm values_;
  ByteBuffer scratch_;
  Path file_;
  std::optional<std::string> partition_;
  std::optional<InternalTopic> topic_;
  DecodedRecord decoded_;
  RecordBatchHeader batch_;
  TimeText time_;
  // What is the same in the JSON of all records of a batch: before the offset, between timestamp and
  // key, between headers and sequence, and behind it.
  std::string record_start_;
  std::string before_key_;
  std::string before_sequence_;
  std::string before_control_;
  // The control record at hand.
  std::string control_json_;
  std::string control_text_;
};

}  // namespace kseg
