// Bytes as a run of record batches: each header, each payload whatever its crc, each record, each
// header of a record. What reads without a defect is built again and must read back the same.
#include <algorithm>
#include <vector>

#include "formats/control_record.h"
#include "formats/record.h"
#include "formats/record_batch.h"
#include "formats/record_batch_builder.h"

namespace {

using namespace kseg;

bool same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  return a.has_value() == b.has_value() && (!a || same_bytes(*a, *b));
}

void touch_headers(const RecordView& record) {
  RecordHeaderReader headers(record);
  RecordHeaderView header;
  std::int32_t count = 0;
  while (headers.next(header)) ++count;
  check(count == record.header_count, "an accepted record yields all its headers");
}

std::optional<std::vector<RecordView>> read_records(const RecordBatchHeader& header, Bytes uncompressed) {
  std::vector<RecordView> records;
  RecordReader reader(header, uncompressed);
  RecordView record;
  while (reader.next(record)) {
    check(record.offset >= header.base_offset && record.offset <= header.last_offset(),
          "a record lies in its batch");
    check(records.empty() || record.offset > records.back().offset, "record offsets ascend");
    touch_headers(record);
    if (header.is_control()) {
      (void)decode_control_type(record);
      (void)decode_end_transaction_marker(record);
    }
    records.push_back(record);
  }
  if (reader.defect()) return std::nullopt;
  return records;
}

void rebuild(const RecordBatchHeader& like, const std::vector<RecordView>& records) {
  if (records.empty() || check_rebuildable(like, {})) return;
  const bool times_fit = std::all_of(records.begin(), records.end(),
                                     [](const RecordView& record) { return record.timestamp_ms >= 0; });
  if (!times_fit) return;

  RecordBatchBuilder builder;
  builder.begin(like, std::nullopt);
  for (const RecordView& record : records) builder.add(record);
  Compressor compressor;
  ByteBuffer bytes;
  if (builder.finish(compressor, bytes)) return;

  const auto header = decode_record_batch_header(bytes);
  check(static_cast<bool>(header) && header->size_bytes() == bytes.size(),
        "a rebuilt batch has a sound header");
  const RecordBatchView batch{.header = *header, .position = {}, .bytes = bytes};
  check(!check_crc(batch) && !check_header(*header, {}), "a rebuilt batch is sound");

  Decompressor decompressor;
  ByteBuffer scratch;
  const auto payload = uncompressed_records(batch, decompressor, scratch);
  check(static_cast<bool>(payload), "a rebuilt batch decompresses");
  const auto again = read_records(*header, payload->bytes);
  check(again && again->size() == records.size(), "a rebuilt batch holds its records");
  for (std::size_t i = 0; i < records.size(); ++i) {
    const RecordView& before = records[i];
    const RecordView& after = (*again)[i];
    check(before.offset == after.offset && before.header_count == after.header_count &&
              same(before.key, after.key) && same(before.value, after.value) &&
              before.timestamp_ms == after.timestamp_ms,
          "a rebuilt record is the record");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes rest{data, size};
  Position position;
  Decompressor decompressor;
  ByteBuffer scratch;
  while (true) {
    const auto header = decode_record_batch_header(rest, position);
    if (!header || header->size_bytes() > rest.size()) return 0;
    const RecordBatchView batch{.header = *header,
                                .position = position,
                                .bytes = rest.first(static_cast<std::size_t>(header->size_bytes()))};
    (void)check_crc(batch);
    if (!check_header(*header, position)) {
      if (const auto payload = uncompressed_records(batch, decompressor, scratch)) {
        if (const auto records = read_records(*header, payload->bytes)) rebuild(*header, *records);
      }
    }
    rest = rest.subspan(batch.bytes.size());
    position = position + batch.bytes.size();
  }
}
