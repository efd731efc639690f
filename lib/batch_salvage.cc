#include "lib/batch_salvage.h"

#include <algorithm>

namespace kseg {

std::uint32_t BatchSalvage::append(Bytes damaged, OffsetRange offsets, ByteBuffer& out) {
  const auto header = decode_record_batch_header(damaged);
  if (!header || header->is_legacy() || header->is_control() || header->last_offset_delta < 0) return 0;
  if (header->base_offset < offsets.begin || header->last_offset() >= offsets.end) return 0;
  if (check_rebuildable(*header, {})) return 0;
  // A length that is too long ends with the damage.
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(header->size_bytes(), damaged.size()));
  if (size < RecordBatchHeader::kSize) return 0;
  const RecordBatchView batch{.header = *header, .position = {}, .bytes = damaged.first(size)};
  const auto records = uncompressed_records(batch, decompressor_, scratch_);
  if (!records) return 0;
  RecordReader reader(*header, records->bytes);
  builder_.begin(*header, header->delete_horizon_ms());
  for (RecordView record; reader.next(record);) builder_.add(record);
  const auto count = static_cast<std::uint32_t>(builder_.record_count());
  if (count == 0 || builder_.finish(compressor_, out)) return 0;
  return count;
}

}  // namespace kseg
