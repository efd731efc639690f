#include "cli/kafka_batch_line.h"

#include "cli/kafka_line.h"
#include "formats/legacy_message.h"
#include "formats/sequence.h"

namespace kseg {

namespace {

void begin_batch(KafkaLine& line, const RecordBatchHeader& header) {
  const bool has_sequence = header.base_sequence != kNoSequence;
  line.text("baseOffset: ", header.base_offset)
      .text(" lastOffset: ", header.last_offset())
      .text(" count: ", header.record_count)
      .text(" baseSequence: ", header.base_sequence)
      .text(" lastSequence: ",
            has_sequence ? increment_sequence(header.base_sequence, header.last_offset_delta) : kNoSequence)
      .text(" producerId: ", header.producer_id)
      .text(" producerEpoch: ", header.producer_epoch)
      .text(" partitionLeaderEpoch: ", header.partition_leader_epoch)
      .text(" isTransactional: ", header.is_transactional())
      .text(" isControl: ", header.is_control())
      .text(" deleteHorizonMs: ", header.delete_horizon_ms());
}

bool is_valid(const RecordBatchView& batch) {
  const std::size_t least = batch.header.is_legacy() ? LegacyMessage::kSizeV0 : RecordBatchHeader::kSize;
  return batch.bytes.size() >= least && batch.computed_crc() == batch.header.crc;
}

}  // namespace

Result<bool> kafka_batch_line(const RecordBatchView& batch, Output& output) {
  const RecordBatchHeader& header = batch.header;
  KafkaLine line(output);
  if (header.is_legacy())
    line.text("offset: ", header.base_offset);
  else
    begin_batch(line, header);
  if (header.codec() > Codec::zstd) {
    return Defect{.code = DefectCode::unknown_codec,
                  .position = batch.position,
                  .offset = header.base_offset,
                  .expected = "codec 0 to 4",
                  .found = fmt::format("{}", header.attributes & RecordBatchHeader::kCodecMask)};
  }
  const bool valid = is_valid(batch);
  line.text(" position: ", batch.position.value)
      .text(" ")
      .text(timestamp_type_name(header))
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
