// A record as a line of Kafka's dump tool.
#pragma once

#include <optional>

#include "cli/kafka_dump.h"
#include "cli/kafka_line.h"
#include "formats/kafka_text.h"
#include "formats/record.h"
#include "formats/record_batch.h"
#include "lib/kafka_message.h"

namespace kseg {

class KafkaRecordLine {
 public:
  // Borrows both.
  KafkaRecordLine(const KafkaDumpOptions& options, Output& output) : options_(options), output_(output) {}

  // What follows is of this batch.
  void begin_batch(const RecordBatchHeader& batch) { batch_ = batch; }

  // What Kafka's tool does not survive ends the line early, without position: bad_control_record, bad_record
  // (no key where a topic's decoder wants one), truncated (less than the number that a class decoder wants).
  std::optional<Defect> record(const RecordView& record);

  // Of a batch of format 0 or 1; `record` has its offset and its time. Errors: also those of KafkaMessage.
  std::optional<Defect> message(RecordView record, const KafkaMessage& message);

 private:
  void begin(KafkaLine& line, const RecordView& record, std::int64_t key_size, std::int64_t value_size) const;
  void metadata(KafkaLine& line, const RecordView& record) const;
  std::optional<Defect> metadata(KafkaLine& line, const RecordView& record,
                                 const KafkaMessage& message) const;
  std::optional<Defect> unreadable(KafkaLine& line, const RecordView& record,
                                   const KafkaMessage& message) const;
  std::optional<Defect> control(const RecordView& record) const;
  std::optional<Defect> contents(KafkaLine& line, const RecordView& record);
  std::optional<Defect> class_contents(KafkaLine& line, const RecordView& record) const;

  const KafkaDumpOptions& options_;
  Output& output_;
  RecordBatchHeader batch_;
  KafkaRecordText text_;  // of the record at hand
};

}  // namespace kseg
