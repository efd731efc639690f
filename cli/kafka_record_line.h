// A record as a line of Kafka's dump tool.
#pragma once

#include <optional>

#include "cli/kafka_dump.h"
#include "cli/kafka_line.h"
#include "formats/record.h"
#include "formats/record_batch.h"

namespace kseg {

class KafkaRecordLine {
 public:
  // Borrows both.
  KafkaRecordLine(const KafkaDumpOptions& options, Output& output) : options_(options), output_(output) {}

  // What follows is of this batch, of magic 2 or above.
  void begin_batch(const RecordBatchHeader& batch) { batch_ = batch; }

  // What Kafka's tool does not survive ends the line early, without position: bad_control_record, truncated
  // (a number that a class decoder wants).
  std::optional<Defect> record(const RecordView& record);

 private:
  void metadata(KafkaLine& line, const RecordView& record) const;
  std::optional<Defect> control(KafkaLine& line, const RecordView& record) const;
  std::optional<Defect> contents(KafkaLine& line, const RecordView& record) const;

  const KafkaDumpOptions& options_;
  Output& output_;
  RecordBatchHeader batch_;
};

}  // namespace kseg
