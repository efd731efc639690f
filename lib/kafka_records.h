// The records of a batch as Kafka's own iterator gives them: of an uncompressed batch each one up to the
// first that it refuses, of a compressed one all or none. Offsets are what they are.
#pragma once

#include <optional>
#include <vector>

#include "formats/record.h"
#include "lib/kafka_message.h"

namespace kseg {

class KafkaRecords {
 public:
  // Starts with a batch, which must outlive the records. An empty one is not looked into.
  void open(const RecordBatchView& batch);

  // False at the end and at what Kafka refuses; defect() tells which. A view is valid until open(). Of a
  // message of format 0 or 1 key and value are left null: message() has them.
  bool next(RecordView& record);

  // Of format 0 or 1: what next() gave, inside a wrapper if it is in one.
  const KafkaMessage& message() const { return message_; }

  // Errors: bad_length (the batch is shorter than its header, or a message in a wrapper),
  // record_count_mismatch, record_offset (of a wrapper), unknown_codec, those of Decompressor, of
  // RecordReader and of KafkaMessage. Positions are the file's, or of the batch if it is compressed.
  const std::optional<Defect>& defect() const { return defect_; }

 private:
  struct Message {
    Offset offset;
    KafkaMessage message;
  };

  void refuse(DefectCode code, std::string expected, std::string found);
  void open_records();
  void open_messages();
  bool next_message(RecordView& record);

  Decompressor decompressor_;
  ByteBuffer scratch_;
  RecordBatchView batch_;
  std::optional<RecordReader> reader_;  // of an uncompressed batch of magic 2
  std::vector<RecordView> read_;        // of a compressed one
  std::vector<Message> messages_;       // of formats 0 and 1
  std::size_t given_ = 0;               // of one of these two
  KafkaMessage message_;
  std::optional<Defect> defect_;
};

}  // namespace kseg
