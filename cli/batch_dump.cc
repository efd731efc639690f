#include "cli/batch_dump.h"

#include "lib/batch_check.h"

namespace kseg {

void BatchDump::begin_partition(const std::optional<TopicPartition>& partition,
                                std::optional<InternalTopic> topic, std::uint64_t skip) {
  lines_.begin_partition(partition);
  lines_.decode_as(topic);
  skip_ = skip;
}

void BatchDump::begin_file(const Path& file) {
  file_ = file;
  file_named_ = false;
}

void BatchDump::go_on_in_file(const Path& file) {
  file_ = file;
  file_named_ = true;
  lines_.go_on_in_file(file);
}

void BatchDump::name_file() {
  if (file_named_) return;
  file_named_ = true;
  lines_.begin_file(file_);
}

void BatchDump::batch(const RecordBatchView& batch) {
  if (!selection_.may_match(batch.header)) return;
  if (!options_.batches) return records_of(batch);
  if (!skips()) show(batch.header, batch.position, std::nullopt);
}

void BatchDump::damaged(const RecordBatchHeader& header, Position position) {
  if (selection_.may_match(header)) show(header, position, false);
}

void BatchDump::add(std::uint64_t batches, std::uint64_t records) {
  batches_ += batches;
  records_ += records;
}

void BatchDump::show(const RecordBatchHeader& header, Position position, std::optional<bool> valid) {
  name_file();
  ++batches_;
  lines_.batch(header, position, valid);
}

void BatchDump::records_of(const RecordBatchView& batch) {
  // A batch of which perhaps no record is wanted is shown in front of the first one that is.
  bool shown = !selection_.looks_into_batches() && skip_ == 0;
  if (shown) show(batch.header, batch.position, true);
  const auto records = uncompressed_within(output_.holds() ? kMaxBytesBeside : kDecompressionLimit, batch,
                                           decompressor_, scratch_);
  if (!records) return output_.defect(file_, records.error());
  RecordReader in(batch.header, records->bytes);
  for (RecordView record; !done() && !overfull() && in.next(record);) {
    if (!selection_.matches(record) || skips()) continue;
    if (!shown) show(batch.header, batch.position, true);
    shown = true;
    ++records_;
    auto defect = lines_.record(record);
    if (!defect) continue;
    defect->position = batch.position;
    output_.defect(file_, *defect);
  }
  if (in.defect()) output_.defect(file_, in_file(*in.defect(), batch));
}

// Whether what is wanted next is one of those to leave out.
bool BatchDump::skips() {
  if (skip_ == 0) return false;
  --skip_;
  return true;
}

}  // namespace kseg
