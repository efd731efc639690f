#include "tests/support/same_as_kafka.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "formats/file_names.h"
#include "formats/legacy_message.h"
#include "formats/record.h"

namespace kseg {
namespace {

struct DecodedBatch {
  RecordBatchHeader header;
  ByteBuffer records;  // uncompressed
  ByteBuffer bytes;
};

std::vector<DecodedBatch> decode_log(Bytes log) {
  std::vector<DecodedBatch> batches;
  Decompressor decompressor;
  ByteBuffer scratch;
  for (std::size_t at = 0; at < log.size();) {
    const auto header = decode_record_batch_header(log.subspan(at));
    if (!header || header->size_bytes() > log.size() - at) throw std::runtime_error("a log that is no log");
    RecordBatchView batch{
        .header = *header, .position = {at}, .bytes = log.subspan(at, header->size_bytes())};
    if (header->is_wrapper()) {
      if (const auto defect = complete_wrapper(batch, decompressor, scratch))
        throw std::runtime_error(describe(*defect));
    }
    const auto records = uncompressed_records(batch, decompressor, scratch);
    if (!records) throw std::runtime_error(describe(records.error()));
    batches.push_back({.header = batch.header,
                       .records = {records->bytes.begin(), records->bytes.end()},
                       .bytes = {batch.bytes.begin(), batch.bytes.end()}});
    at += header->size_bytes();
  }
  return batches;
}

// The same but for the payload of compressed batches, and what follows from it.
std::string differing_logs(Bytes ours, Bytes kafkas) {
  const auto a = decode_log(ours);
  const auto b = decode_log(kafkas);
  if (a.size() != b.size()) return fmt::format("{} batches, Kafka has {}", a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].bytes == b[i].bytes) continue;
    RecordBatchHeader expected = b[i].header;
    expected.batch_length = a[i].header.batch_length;
    expected.crc = a[i].header.crc;
    if (a[i].header.codec() == Codec::none || !(a[i].header == expected) || a[i].records != b[i].records) {
      return fmt::format("batch {} at offset {}", i, a[i].header.base_offset);
    }
    const RecordBatchView view{.header = a[i].header, .position = {}, .bytes = a[i].bytes};
    if (check_crc(view)) return fmt::format("crc of batch {}", i);
  }
  return {};
}

}  // namespace

std::string differing_files(const FolderFiles& ours, const FolderFiles& kafka, const Sameness& sameness) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : ours) names.push_back(name);
  std::vector<std::string> kafkas;
  for (const auto& [name, bytes] : kafka) kafkas.push_back(name);
  if (names != kafkas)
    return fmt::format("files {}, Kafka has {}", fmt::join(names, " "), fmt::join(kafkas, " "));
  for (const auto& [name, bytes] : ours) {
    const ByteBuffer& expected = kafka.at(name);
    if (bytes == expected) continue;
    const auto file = parse_segment_file_name(name);
    const bool depends_on_codec = file && sameness.recompressed &&
                                  file->kind != SegmentFileKind::producer_snapshot &&
                                  file->kind != SegmentFileKind::transaction_index;
    if (!depends_on_codec) return name;
    const std::string log_name = to_string({.kind = SegmentFileKind::log, .offset = file->offset});
    if (const std::string difference = differing_logs(ours.at(log_name), kafka.at(log_name));
        !difference.empty()) {
      return log_name + ": " + difference;
    }
    SegmentModel segment{.base = file->offset};
    for (DecodedBatch& batch : decode_log(ours.at(log_name))) {
      segment.batches.push_back({.header = batch.header, .bytes = std::move(batch.bytes)});
    }
    const IndexFiles indexes = build_indexes(segment, sameness.index_interval_bytes);
    if (file->kind == SegmentFileKind::offset_index && bytes != indexes.offset_index) return name;
    if (file->kind == SegmentFileKind::time_index && bytes != indexes.time_index) return name;
  }
  return {};
}

}  // namespace kseg
