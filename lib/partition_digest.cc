#include "lib/partition_digest.h"

#include "formats/canonical_record.h"
#include "lib/latest_records.h"
#include "lib/record_stream.h"

namespace kseg {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;

void add_records(FileSystem& files, const ReadableLog& log, VerifyReport& report, PartitionDigest& into) {
  DigestStream digest;
  ByteBuffer buffer;
  RecordStream records(files, log, report);
  while (records.next_batch()) {
    for (RecordView record; records.next(record);) {
      if (!into.first_offset) into.first_offset = record.offset;
      into.last_offset = record.offset;
      ++into.record_count;
      append_canonical_record(record, buffer);
      if (buffer.size() < kBufferBytes) continue;
      digest.add(buffer);
      buffer.clear();
    }
  }
  digest.add(buffer);
  into.records = digest.digest();
}

void add_state(FileSystem& files, const ReadableLog& log, VerifyReport& report, PartitionDigest& into) {
  ByteBuffer buffer;
  LatestRecords latest(files, log, report);
  while (latest.next_batch()) {
    for (const LatestRecord& each : latest.records()) {
      if (!each.latest || !each.record.value) continue;
      ++into.key_count;
      buffer.clear();
      append_canonical_content(each.record, buffer);
      into.state += Digest::of(buffer);
    }
  }
}

}  // namespace

std::optional<PartitionDigest> PartitionDigest::of(FileSystem& files, const ReadableLog& log,
                                                   VerifyReport& report) {
  const std::uint64_t defects_before = report.counts().defects;
  PartitionDigest digest;
  add_records(files, log, report, digest);
  if (report.counts().defects == defects_before) add_state(files, log, report, digest);
  if (report.counts().defects != defects_before) return std::nullopt;
  return digest;
}

}  // namespace kseg
