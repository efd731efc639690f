// Bytes as a segment file: the reader goes on after any damage, always forward, and ends; whatever
// the size of its chunks, it says the same.
#include <algorithm>
#include <string>
#include <vector>

#include "lib/segment_reader.h"

namespace {

using namespace kseg;

class FileInMemory : public File {
 public:
  explicit FileInMemory(Bytes bytes) : File("fuzz.log"), bytes_(bytes) {}

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    if (from.value >= bytes_.size()) return 0;
    const Bytes there = bytes_.subspan(static_cast<std::size_t>(from.value));
    const std::size_t count = std::min(there.size(), into.size());
    std::copy_n(there.begin(), count, into.begin());
    return count;
  }
  void append(Bytes) override { check(false, "a reader does not append"); }
  void truncate(Position) override { check(false, "a reader does not truncate"); }
  void sync() override { check(false, "a reader does not sync"); }
  FileInfo info() override { return {.size_bytes = bytes_.size(), .is_regular = true}; }

 private:
  Bytes bytes_;
};

// One line a batch or defect.
std::vector<std::string> read(Bytes bytes, SegmentReader::Options options) {
  FileInMemory file(bytes);
  SegmentReader reader(file, options);
  std::vector<std::string> lines;
  while (true) {
    const Position before = reader.position();
    const auto batch = reader.next();
    if (batch && !*batch) break;
    check(reader.position() > before && reader.position() <= reader.end(), "a reader moves forward");
    if (!batch) {
      lines.push_back(fmt::format("{} {}", batch.error().position, describe(batch.error())));
      continue;
    }
    const RecordBatchView& view = **batch;
    check(view.position >= before, "a batch lies behind the one before");
    if (options.payload != SegmentReader::Payload::skip) {
      check(view.bytes.size() == view.header.size_bytes(), "a batch comes whole");
      check(same_bytes(view.bytes,
                       bytes.subspan(static_cast<std::size_t>(view.position.value), view.bytes.size())),
            "a batch is the file's bytes");
    }
    lines.push_back(fmt::format("{} batch {}", view.position, view.header.base_offset));
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Payload = SegmentReader::Payload;
  const Bytes bytes{data, size};
  for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
    const auto whole = read(bytes, {.payload = payload});
    const auto in_pieces = read(bytes, {.payload = payload, .chunk_bytes = 128});
    check(whole == in_pieces, "the size of a chunk changes nothing");
  }
  return 0;
}
