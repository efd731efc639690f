#include "formats/canonical_record.h"

#include "formats/byte_writer.h"

namespace kseg {
namespace {

void append_field(const std::optional<Bytes>& bytes, ByteWriter& out) {
  out.i32(bytes ? static_cast<std::int32_t>(bytes->size()) : -1);
  if (bytes) out.bytes(*bytes);
}

}  // namespace

void append_canonical_content(const RecordView& record, ByteBuffer& buffer) {
  ByteWriter out(buffer);
  append_field(record.key, out);
  append_field(record.value, out);
  out.i32(record.header_count);
  RecordHeaderReader headers(record);
  for (RecordHeaderView header; headers.next(header);) {
    append_field(header.key, out);
    append_field(header.value, out);
  }
}

void append_canonical_record(const RecordView& record, ByteBuffer& buffer) {
  ByteWriter out(buffer);
  out.i64(record.offset.value);
  out.i64(record.timestamp_ms);
  append_canonical_content(record, buffer);
}

}  // namespace kseg
