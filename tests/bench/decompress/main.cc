// Decompresses every batch of `.log` files, and nothing else: what no program that looks into compressed
// batches can be faster than.
//
//   kseg_decompress FILE...
#include <fmt/format.h>

#include "formats/record.h"
#include "lib/file_system.h"

namespace kseg {
namespace {

int run(const std::vector<Path>& paths) {
  Decompressor decompressor;
  ByteBuffer scratch;
  std::uint64_t total = 0;
  for (const Path& path : paths) {
    const ByteBuffer log = read_file(posix_file_system(), path);
    for (Position at; at.value < log.size();) {
      const Bytes rest = Bytes(log).subspan(at.value);
      const auto header = decode_record_batch_header(rest, at);
      if (!header || header->size_bytes() > rest.size()) {
        fmt::print(stderr, "kseg_decompress: {}: no batch at {}\n", path.string(), at);
        return 1;
      }
      const RecordBatchView batch{*header, at, rest.first(header->size_bytes())};
      const auto records = uncompressed_records(batch, decompressor, scratch);
      if (!records) {
        fmt::print(stderr, "kseg_decompress: {}: {}\n", path.string(), describe(records.error()));
        return 1;
      }
      total += records->bytes.size();
      at = at + header->size_bytes();
    }
  }
  fmt::print("{} bytes\n", total);
  return 0;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  try {
    return kseg::run({argv + 1, argv + argc});
  } catch (const kseg::IoError& error) {
    fmt::print(stderr, "kseg_decompress: {}\n", error.what());
    return 3;
  }
}
