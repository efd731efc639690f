// What a program outside kseg does with the installed library: builds a compressed batch, decodes
// it, and sees that a flipped byte is noticed. Exit status 0 if all of that came out right.
#include <fmt/core.h>

#include <optional>

#include "formats/record.h"
#include "formats/record_batch.h"
#include "formats/record_batch_builder.h"

namespace {

kseg::ByteBuffer one_zstd_batch() {
  kseg::RecordBatchHeader header;
  header.base_offset = {42};
  header.attributes = static_cast<std::int16_t>(kseg::Codec::zstd);

  kseg::RecordBatchBuilder builder;
  builder.begin(header, std::nullopt);
  builder.add({.offset = {42},
               .timestamp_ms = 1700000000000,
               .key = kseg::as_bytes("key"),
               .value = kseg::as_bytes("value")});
  kseg::Compressor compressor;
  kseg::ByteBuffer batch;
  if (builder.finish(compressor, batch)) batch.clear();
  return batch;
}

bool prints_its_record(kseg::Bytes bytes) {
  const auto header = kseg::decode_record_batch_header(bytes);
  if (!header) return false;
  const kseg::RecordBatchView batch{.header = *header, .position = {}, .bytes = bytes};
  if (kseg::check_crc(batch)) return false;

  kseg::Decompressor decompressor;
  kseg::ByteBuffer scratch;
  const auto records = kseg::uncompressed_records(batch, decompressor, scratch);
  if (!records) return false;
  kseg::RecordReader reader(*header, records->bytes);
  kseg::RecordView record;
  if (!reader.next(record) || !record.key || !record.value) return false;
  fmt::print("{} {}={}\n", record.offset, kseg::as_text(*record.key), kseg::as_text(*record.value));
  return !reader.next(record) && !reader.defect();
}

}  // namespace

int main() {
  kseg::ByteBuffer batch = one_zstd_batch();
  if (!prints_its_record(batch)) {
    fmt::print(stderr, "the batch does not read back\n");
    return 1;
  }
  batch.back() ^= 1;
  if (prints_its_record(batch)) {
    fmt::print(stderr, "a damaged batch was read as if it were whole\n");
    return 1;
  }
  return 0;
}
