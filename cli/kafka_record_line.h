// A record as a line of Kafka's dump tool.
#pragma once

#include <optional>

#include "cli/kafka_dump.h"
#include "cli/kafka_line.h"
#include "formats/kafka_text.h"
#include "formats/record.h"
#include "formats/record_batch.h"

namespace kseg {

class KafkaRecordLine {
 public:
  // Borrows both.
  KafkaRecordLine(const KafkaDumpOptions& options, Output& output) : options_(options), output_(output) {}

  // What follows is of this batch, of magic 2 or above.
  void begin_batch(const RecordBatchHeader& batch) { batch_ = batch; }

  // What Kafka's tool does not survive ends the line early, without position: bad_control_record, bad_record
  // (no key where a topic's decoder wants one), truncated (less than the number that a class decoder wants).
  std::optional<Defect> record(const RecordView& record);

 private:
  void metadata(KafkaLine& line, const RecordView& record) const;
  std::optional<Defect> control(const RecordView& record) const;
  std::optional<Defect> contents(KafkaLine& line, const RecordView& record);
  std::optional<Defect> class_contents(KafkaLine& line, const RecordView& record) const;

  const KafkaDumpOptions& options_;
  Output& output_;
  RecordBatchHeader batch_;
  KafkaRecordText text_;  // of the record at hand
};

}  // namespace kseg
