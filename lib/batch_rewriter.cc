#include "lib/batch_rewriter.h"

namespace kseg {

bool KeptBits::next() {
  check(left_ > 0, "a plan lacks record bits");
  return bits_[--left_];
}

std::optional<Defect> BatchRewriter::append(const RecordBatchView& batch, BatchVerdict verdict,
                                            KeptBits& kept, ByteBuffer& out) {
  switch (verdict) {
    case BatchVerdict::drop: break;
    case BatchVerdict::verbatim: kseg::append(out, batch.bytes); break;
    case BatchVerdict::empty_header: encode_empty_batch(batch.header, out); break;
    case BatchVerdict::rebuild:
    case BatchVerdict::rebuild_with_horizon: {
      const bool new_horizon = verdict == BatchVerdict::rebuild_with_horizon;
      return rebuild(batch, new_horizon ? new_horizon_ms_ : batch.header.delete_horizon_ms(), kept, out);
    }
  }
  return std::nullopt;
}

std::optional<Defect> BatchRewriter::rebuild(const RecordBatchView& batch,
                                             std::optional<std::int64_t> horizon_ms, KeptBits& kept,
                                             ByteBuffer& out) {
  if (batch.header.is_legacy()) {
    return keeps_legacy_ ? rebuild_wrapper(batch, kept, out) : convert(batch, horizon_ms, kept, out);
  }
  builder_.begin(batch.header, horizon_ms);
  if (auto defect = each_kept(batch, kept, [&](const RecordView& record) { builder_.add(record); }))
    return defect;
  return builder_.finish(compressor_, out);
}

template <typename Take>
std::optional<Defect> BatchRewriter::each_kept(const RecordBatchView& batch, KeptBits& kept, Take&& take) {
  const auto section = uncompressed_records(batch, decompressor_, scratch_);
  if (!section) return section.error();
  RecordReader reader(batch.header, section->bytes);
  for (RecordView record; reader.next(record);) {
    if (kept.next()) take(record);
  }
  return reader.defect();
}

// A message of format 0 or 1 becomes a batch of format 2 that spans what is left in it.
std::optional<Defect> BatchRewriter::convert(const RecordBatchView& message,
                                             std::optional<std::int64_t> horizon_ms, KeptBits& kept,
                                             ByteBuffer& out) {
  std::optional<Offset> first;
  auto defect = each_kept(message, kept, [&](const RecordView& record) {
    if (!first) {
      first = record.offset;
      builder_.begin({.base_offset = *first,
                      .attributes = message.header.attributes,
                      .max_timestamp = message.header.max_timestamp},
                     horizon_ms);
    }
    builder_.set_last_offset_delta(static_cast<std::int32_t>(record.offset - *first));
    builder_.add(record);
  });
  return defect ? defect : builder_.finish(compressor_, out);
}

std::optional<Defect> BatchRewriter::rebuild_wrapper(const RecordBatchView& wrapper, KeptBits& kept,
                                                     ByteBuffer& out) {
  wrapper_builder_.begin(wrapper.header);
  if (auto defect =
          each_kept(wrapper, kept, [&](const RecordView& record) { wrapper_builder_.add(record); })) {
    return defect;
  }
  return wrapper_builder_.finish(compressor_, out);
}

}  // namespace kseg
