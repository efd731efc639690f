#include "cli/kafka_batch_line.h"

#include "cli/kafka_line.h"
#include "formats/sequence.h"

namespace kseg {

std::string_view kafka_name(TimestampType type) {
  switch (type) {
    case TimestampType::create_time: return "CreateTime";
    case TimestampType::log_append_time: return "LogAppendTime";
  }
  return "";
}

Result<bool> kafka_batch_line(const RecordBatchView& batch, Output& output) {
  const RecordBatchHeader& header = batch.header;
  KafkaLine line(output);
  line.text("baseOffset: ", header.base_offset)
      .text(" lastOffset: ", header.last_offset())
      .text(" count: ", header.record_count)
      .text(" baseSequence: ", header.base_sequence)
      .text(" lastSequence: ", header.base_sequence == kNoSequence
                                   ? kNoSequence
                                   : increment_sequence(header.base_sequence, header.last_offset_delta))
      .text(" producerId: ", header.producer_id)
      .text(" producerEpoch: ", header.producer_epoch)
      .text(" partitionLeaderEpoch: ", header.partition_leader_epoch)
      .text(" isTransactional: ", header.is_transactional())
      .text(" isControl: ", header.is_control())
      .text(" deleteHorizonMs: ", header.delete_horizon_ms());
  if (!header.codec_known()) {
    return Defect{.code = DefectCode::unknown_codec,
                  .position = batch.position,
                  .offset = header.base_offset,
                  .expected = "codec 0 to 4",
                  .found = fmt::format("{}", header.attributes & RecordBatchHeader::kCodecMask)};
  }
  const bool valid = batch.bytes.size() >= RecordBatchHeader::kSize && batch.computed_crc() == header.crc;
  line.text(" position: ", batch.position.value)
      .text(" ")
      .text(kafka_name(header.timestamp_type()))
      .text(": ", header.max_timestamp)
      .text(" size: ", batch.bytes.size())
      .text(" magic: ", header.magic)
      .text(" compresscodec: ", name(header.codec()))
      .text(" crc: ", header.crc)
      .text(" isvalid: ", valid)
      .end();
  return valid;
}

}  // namespace kseg
