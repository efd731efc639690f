#include "tests/broker_round/alterations.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "formats/file_names.h"
#include "formats/record.h"
#include "lib/partition_log.h"

namespace kseg {
namespace {

namespace fs = std::filesystem;

ByteBuffer read(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const Path& path, Bytes bytes) {
  std::ofstream(path, std::ios::binary)
      .write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
}

PartitionLog partition(const Path& log_dir, const std::string& name) {
  return PartitionLog::open(posix_file_system(), log_dir / name);
}

// Where the last batch of a `.log` begins, behind another one.
std::size_t last_batch(Bytes log) {
  std::size_t last = 0;
  for (std::size_t at = 0; at < log.size();) {
    const auto header = decode_record_batch_header(log.subspan(at));
    if (!header) break;
    last = at;
    at += header->size_bytes();
  }
  if (last == 0) throw std::runtime_error("fewer than two batches");
  return last;
}

void drop_last_batch(const Path& log) {
  const ByteBuffer bytes = read(log);
  write(log, Bytes(bytes).first(last_batch(bytes)));
}

// Another last byte of the last value of the last batch, which must be uncompressed.
void change_last_value(const Path& log) {
  ByteBuffer bytes = read(log);
  const std::size_t start = last_batch(bytes);
  const auto header = decode_record_batch_header(Bytes(bytes).subspan(start));
  RecordReader reader(*header, Bytes(bytes).subspan(start + RecordBatchHeader::kSize));
  std::size_t at = 0;
  for (RecordView record; reader.next(record);) {
    if (record.value && !record.value->empty())
      at = static_cast<std::size_t>(&record.value->back() - bytes.data());
  }
  if (at == 0) throw std::runtime_error("no value");
  bytes[at] ^= 1;
  seal_batch(bytes, start);
  write(log, bytes);
}

// All entries point to where the last one does.
void point_too_far(const Path& index) {
  ByteBuffer bytes = read(index);
  for (std::size_t at = 0; at + 8 < bytes.size(); at += 8)
    std::copy(bytes.end() - 4, bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at + 4));
  write(index, bytes);
}

}  // namespace

std::vector<Alteration> alter(const Path& log_dir) {
  drop_last_batch(partition(log_dir, "kv-0").active().log);
  change_last_value(partition(log_dir, "kv-idempotent-0").active().log);
  point_too_far(partition(log_dir, "kv-snappy-0").active().offset_index.value());
  fs::remove(partition(log_dir, "kv-gzip-0").active().offset_index.value());
  fs::resize_file(partition(log_dir, "kv-txn-0").active().transaction_index.value(), 0);
  fs::remove(log_dir / "kv-zstd-0" / kPartitionMetadata);
  return {{"kv-0", "the last batch is gone"},
          {"kv-idempotent-0", "a byte of a value is another"},
          {"kv-snappy-0", "the index points beyond what is asked for"},
          {"kv-gzip-0", "the index is gone"},
          {"kv-txn-0", "the transaction index is empty"},
          {"kv-zstd-0", "partition.metadata is gone"}};
}

}  // namespace kseg
