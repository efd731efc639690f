#include "lib/segment_reader.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "formats/legacy_message.h"
#include "formats/wrapper_builder.h"

namespace kseg {
namespace {

using Payload = SegmentReader::Payload;

// A `.log` in memory that remembers what was asked of it.
class MemoryFile : public File {
 public:
  explicit MemoryFile(ByteBuffer content) : File("memory.log"), bytes(std::move(content)) {}

  std::size_t read_at(Position from, std::span<std::uint8_t> into) override {
    if (from.value > fail_from) throw IoError(path(), "read", EIO);
    largest_read = std::max(largest_read, into.size());
    if (from.value >= bytes.size()) return 0;
    const std::size_t size = std::min<std::size_t>(into.size(), bytes.size() - from.value);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from.value), size, into.begin());
    bytes_read += size;
    return size;
  }
  void append(Bytes) override { FAIL("a reader writes"); }
  void truncate(Position) override { FAIL("a reader truncates"); }
  void sync() override { FAIL("a reader syncs"); }
  FileInfo info() override { return {.size_bytes = bytes.size(), .is_regular = true}; }

  ByteBuffer bytes;
  std::uint64_t bytes_read = 0;
  std::size_t largest_read = 0;
  std::uint64_t fail_from = ~0ULL;
};

// Bytes that look like nothing, the same in every run.
ByteBuffer noise(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed + 1);
  ByteBuffer bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 8);
  return bytes;
}

constexpr std::int16_t kControl = RecordBatchHeader::kControlBit;

struct LogBytes {
  ByteBuffer bytes;
  std::vector<std::size_t> starts;  // of the batches, and the end
  std::int64_t next_offset = 100;

  LogBytes() : starts{0} {}

  LogBytes& batch(Bytes payload, std::int32_t records = 3, std::int16_t attributes = 0) {
    const std::size_t start = bytes.size();
    encode_record_batch_header({.base_offset = {next_offset},
                                .batch_length = static_cast<std::int32_t>(49 + payload.size()),
                                .partition_leader_epoch = 7,
                                .attributes = attributes,
                                .last_offset_delta = records - 1,
                                .base_timestamp = 1700000000000,
                                .max_timestamp = 1700000000009,
                                .record_count = records},
                               bytes);
    append(bytes, payload);
    seal_batch(bytes, start);
    next_offset += records;
    starts.push_back(bytes.size());
    return *this;
  }
  LogBytes& batch_of(std::size_t size_bytes, std::int16_t attributes = 0) {
    return batch(noise(size_bytes - 61, static_cast<unsigned>(starts.size())), 3, attributes);
  }
  // A message by itself, of which `length` bytes are behind offset and length.
  LogBytes& legacy(std::int8_t magic, std::size_t length = 30) {
    const ByteBuffer value = noise(length - (magic == 0 ? 14 : 22), 1);
    encode_legacy_message(
        {.magic = magic, .offset = {next_offset++}, .timestamp_ms = 1700000000000, .value = value}, bytes);
    starts.push_back(bytes.size());
    return *this;
  }
  // A wrapper around two messages.
  LogBytes& wrapper(std::int8_t magic, Codec codec) {
    WrapperBuilder builder;
    builder.begin({.magic = magic, .attributes = static_cast<std::int16_t>(codec)});
    for (int i = 0; i < 2; ++i) builder.add({.offset = {next_offset++}, .timestamp_ms = 1700000000000 - i});
    Compressor compressor;
    CHECK(!builder.finish(compressor, bytes));
    starts.push_back(bytes.size());
    return *this;
  }
  LogBytes& raw(Bytes junk) {
    append(bytes, junk);
    starts.push_back(bytes.size());
    return *this;
  }

  LogBytes& set_length(std::size_t i, std::int32_t length) {
    for (std::size_t byte = 0; byte < 4; ++byte) {
      bytes[starts[i] + 8 + byte] =
          static_cast<std::uint8_t>(static_cast<std::uint32_t>(length) >> (24 - 8 * byte));
    }
    return *this;
  }
  LogBytes& flip(std::size_t i, std::size_t offset_in_batch, std::uint8_t bits = 0x10) {
    bytes[starts[i] + offset_in_batch] ^= bits;
    return *this;
  }
  LogBytes& reseal(std::size_t i) {
    ByteBuffer alone(bytes.begin() + static_cast<std::ptrdiff_t>(starts[i]),
                     bytes.begin() + static_cast<std::ptrdiff_t>(starts[i + 1]));
    seal_batch(alone, 0);
    std::copy(alone.begin(), alone.end(), bytes.begin() + static_cast<std::ptrdiff_t>(starts[i]));
    return *this;
  }
};

// What a reader said from front to back, a line each: "batch 71..135" or "crc_mismatch at 71".
struct Reading {
  std::vector<std::string> lines;
  std::vector<Defect> defects;
  std::vector<RecordBatchHeader> headers;
  std::vector<std::size_t> view_sizes;
};

std::string batch_line(std::size_t start, std::size_t end) {
  return fmt::format("batch {}..{}", start, end);
}

Reading read(MemoryFile& file, SegmentReader::Options options = {}) {
  Reading reading;
  SegmentReader reader(file, options);
  while (true) {
    const Position before = reader.position();
    const auto batch = reader.next();
    if (!batch) {
      const Defect& defect = batch.error();
      reading.lines.push_back(fmt::format("{} at {}", name(defect.code), defect.position));
      reading.defects.push_back(defect);
      REQUIRE(reader.position() > before);
      REQUIRE(defect.position >= before);
    } else if (*batch) {
      const RecordBatchView& view = **batch;
      REQUIRE(view.position == before);
      REQUIRE(reader.position() == before + view.header.size_bytes());
      REQUIRE(same_bytes(view.bytes, Bytes{file.bytes}.subspan(before.value, view.bytes.size())));
      reading.lines.push_back(batch_line(before.value, reader.position().value));
      reading.headers.push_back(view.header);
      reading.view_sizes.push_back(view.bytes.size());
    } else {
      REQUIRE(reader.position() >= reader.end());
      break;
    }
    REQUIRE(reader.position() <= reader.end());
  }
  return reading;
}

Reading read(const ByteBuffer& bytes, SegmentReader::Options options = {}) {
  MemoryFile file(bytes);
  return read(file, options);
}

// The lines of `log`'s batches (begin, …, end), as they are read when sound.
std::vector<std::string> lines_of(const LogBytes& log, const std::vector<std::size_t>& which) {
  std::vector<std::string> lines;
  for (const std::size_t i : which) lines.push_back(batch_line(log.starts[i], log.starts[i + 1]));
  return lines;
}

std::vector<std::string> batches_only(const Reading& reading) {
  std::vector<std::string> lines = reading.lines;
  std::erase_if(lines, [](const std::string& line) { return !line.starts_with("batch"); });
  return lines;
}

// 64 more in the first length swallow exactly the second batch: one flipped bit does that.
LogBytes three_batches() {
  return LogBytes().batch_of(71).batch_of(64).batch_of(90);
}

}  // namespace

TEST_CASE("a sound log is read batch by batch, whole and in file order") {
  const LogBytes log = three_batches();
  const Reading reading = read(log.bytes);
  CHECK(reading.lines == lines_of(log, {0, 1, 2}));
  CHECK(reading.view_sizes == std::vector<std::size_t>{71, 64, 90});
  CHECK(reading.headers[1].base_offset == Offset{103});
}

TEST_CASE("an empty file has no batches and no defects") {
  CHECK(read(ByteBuffer{}).lines.empty());
}

TEST_CASE("an empty batch, which is a header alone, is a batch") {
  LogBytes log = LogBytes().batch_of(61).batch_of(61);
  CHECK(read(log.bytes).lines == lines_of(log, {0, 1}));
  log.flip(0, 40);
  CHECK(read(log.bytes).lines == std::vector<std::string>{"crc_mismatch at 0", batch_line(61, 122)});
}

TEST_CASE("reading may begin and end at any batch") {
  const LogBytes log = three_batches();
  const Position second{log.starts[1]};
  const Position third{log.starts[2]};
  CHECK(read(log.bytes, {.begin = second}).lines == lines_of(log, {1, 2}));
  CHECK(read(log.bytes, {.end = third}).lines == lines_of(log, {0, 1}));
  CHECK(read(log.bytes, {.begin = second, .end = third}).lines == lines_of(log, {1}));
  CHECK(read(log.bytes, {.begin = third, .end = second}).lines.empty());
  CHECK(read(log.bytes, {.end = Position{~0ULL}}).lines == lines_of(log, {0, 1, 2}));
  CHECK(read(log.bytes, {.begin = Position{~0ULL}}).lines.empty());
}

TEST_CASE("an end inside of a batch makes it a torn tail") {
  const LogBytes log = three_batches();
  CHECK(read(log.bytes, {.end = Position{log.starts[2] - 1}}).lines ==
        std::vector<std::string>{batch_line(0, 71), "torn_tail at 71"});
}

TEST_CASE("one flipped bit costs the batch it is in and no other") {
  const LogBytes sound = three_batches();
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t size = sound.starts[i + 1] - sound.starts[i];
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      CAPTURE(i);
      CAPTURE(bit);
      LogBytes log = sound;
      log.flip(i, bit / 8, static_cast<std::uint8_t>(0x80U >> (bit % 8)));
      std::vector<std::size_t> others = {0, 1, 2};
      std::erase(others, i);

      const Reading reading = read(log.bytes);
      // The crc covers neither the base offset nor the leader epoch: whoever reads them has to compare
      // them with their neighbours. Only a negative offset is wrong by itself.
      const bool in_base_offset = bit < 64;
      const bool in_leader_epoch = bit >= 96 && bit < 128;
      if ((in_base_offset && bit > 0) || in_leader_epoch) {
        CHECK(reading.lines == lines_of(log, {0, 1, 2}));
        CHECK(reading.defects.empty());
        continue;
      }
      CHECK(batches_only(reading) == lines_of(log, others));
      REQUIRE(reading.defects.size() == 1);
      CHECK(reading.defects[0].position >= Position{log.starts[i]});
      CHECK(reading.defects[0].position < Position{log.starts[i + 1]});
      CHECK_FALSE(describe(reading.defects[0]).empty());
      // What tells of a wrong length depends on where it leads.
      const DefectCode code = reading.defects[0].code;
      if (bit == 0) CHECK(code == DefectCode::record_offset);
      if (bit >= 64 && bit < 96) {
        const bool last = i == 2;
        CHECK((code == DefectCode::crc_mismatch || code == DefectCode::bad_length ||
               (last && code == DefectCode::torn_tail)));
      }
      if (bit >= 128 && bit < 136) {
        CHECK(code == (bit == 134 ? DefectCode::crc_mismatch : DefectCode::unknown_magic));
      }
      if (bit >= 136) CHECK(code == DefectCode::crc_mismatch);
    }
  }
}

TEST_CASE("one flipped bit never stops a reader that checks no crc") {
  const LogBytes sound = three_batches();
  for (const Payload payload : {Payload::trust, Payload::skip}) {
    for (std::size_t bit = 0; bit < sound.bytes.size() * 8; ++bit) {
      LogBytes log = sound;
      log.flip(0, bit / 8, static_cast<std::uint8_t>(0x80U >> (bit % 8)));
      CHECK(read(log.bytes, {.payload = payload}).lines.size() <= 4);
    }
  }
}

TEST_CASE("a log cut at any length gives the batches before the cut and a torn tail") {
  const LogBytes log = three_batches();
  for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
    for (std::size_t size = 0; size <= log.bytes.size(); ++size) {
      CAPTURE(size);
      const ByteBuffer cut(log.bytes.begin(), log.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      std::vector<std::string> expected;
      for (std::size_t i = 0; i < 3; ++i) {
        if (size >= log.starts[i + 1]) {
          expected.push_back(batch_line(log.starts[i], log.starts[i + 1]));
        } else if (size > log.starts[i]) {
          expected.push_back(fmt::format("torn_tail at {}", log.starts[i]));
        }
      }
      CHECK(read(cut, {.payload = payload}).lines == expected);
    }
  }
}

TEST_CASE("a torn tail says what the batch needs and what is there") {
  LogBytes log = three_batches();
  log.bytes.resize(log.bytes.size() - 10);
  const Reading reading = read(log.bytes);
  REQUIRE(reading.defects.size() == 1);
  CHECK(describe(reading.defects[0]) == "torn_tail: expected 90 bytes, found 80 bytes");
  CHECK(reading.defects[0].offset == Offset{106});
}

TEST_CASE("chunks of any size give the same reading") {
  std::vector<LogBytes> logs = {
      three_batches(),
      LogBytes().batch_of(3000).batch_of(61, kControl).batch_of(70000).batch_of(200).batch_of(1000),
  };
  logs.push_back(logs[1]);
  logs.back().flip(2, 500).flip(3, 16);  // a crc mismatch, then an unknown magic
  logs.push_back(logs[1]);
  logs.back().set_length(0, 1 << 28).set_length(2, 3);
  logs.push_back(logs[1]);
  logs.back().raw(ByteBuffer(5000));
  logs.push_back(logs[1]);
  logs.back()
      .legacy(0)
      .legacy(1)
      .wrapper(1, Codec::gzip)
      .legacy(0)
      .flip(7, 34)
      .wrapper(0, Codec::lz4)
      .batch_of(100);
  logs.push_back(logs[1]);
  logs.back().bytes.resize(73000);

  for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
    for (std::size_t i = 0; i < logs.size(); ++i) {
      CAPTURE(i);
      const Reading whole = read(logs[i].bytes, {.payload = payload});
      CHECK(whole.defects.empty() == (i < 2));
      for (const std::size_t chunk : {1U, 64U, 71U, 100U, 1000U, 4096U, 65536U, 1U << 20}) {
        CAPTURE(chunk);
        const Reading reading = read(logs[i].bytes, {.payload = payload, .chunk_bytes = chunk});
        CHECK(reading.lines == whole.lines);
        CHECK(reading.view_sizes == whole.view_sizes);
      }
    }
  }
}

TEST_CASE("zeros to the end are a torn tail that says so") {
  for (const std::size_t zeros : {1U, 16U, 60U, 61U, 5000U}) {
    for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
      LogBytes log = three_batches();
      log.raw(ByteBuffer(zeros));
      const Reading reading = read(log.bytes, {.payload = payload, .chunk_bytes = 1000});
      CHECK(batches_only(reading) == lines_of(log, {0, 1, 2}));
      REQUIRE(reading.defects.size() == 1);
      CHECK(reading.defects[0].position == Position{log.starts[3]});
      CHECK(describe(reading.defects[0]) ==
            fmt::format("torn_tail: expected a batch, found zeros to the end ({} bytes)", zeros));
    }
  }
}

TEST_CASE("zeros that something follows are not a torn tail of zeros") {
  LogBytes log = three_batches();
  log.raw(ByteBuffer(5000));
  log.bytes.back() = 1;
  CHECK(read(log.bytes).lines.back() == fmt::format("bad_length at {}", log.starts[3] + 8));
  CHECK(read(log.bytes).defects.size() == 1);
}

TEST_CASE("behind a hole of zeros the log goes on") {
  const LogBytes log = LogBytes().batch_of(71).raw(ByteBuffer(4096)).batch_of(64);
  CHECK(read(log.bytes).lines ==
        std::vector<std::string>{batch_line(0, 71), "bad_length at 79", batch_line(4167, 4231)});
}

TEST_CASE("a length beyond the end is a bad length if trusted batches follow, else a torn tail") {
  for (const std::int32_t length : {250, 1 << 20, 0x7fffffff}) {
    CAPTURE(length);
    LogBytes log = three_batches();
    log.set_length(0, length);
    const Reading middle = read(log.bytes);
    CHECK(middle.lines ==
          std::vector<std::string>{"bad_length at 8", batch_line(71, 135), batch_line(135, 225)});
    CHECK(describe(middle.defects[0]) ==
          fmt::format("bad_length: expected a batch of at most 225 bytes, found {} bytes",
                      length + std::int64_t{12}));

    log = three_batches();
    log.set_length(2, length);
    CHECK(read(log.bytes).lines ==
          std::vector<std::string>{batch_line(0, 71), batch_line(71, 135), "torn_tail at 135"});
  }
}

TEST_CASE("a length below a header's is a bad length") {
  for (const std::int32_t length : {48, 0, -1, std::numeric_limits<std::int32_t>::min()}) {
    LogBytes log = three_batches();
    log.set_length(1, length);
    CHECK(read(log.bytes).lines ==
          std::vector<std::string>{batch_line(0, 71), "bad_length at 79", batch_line(135, 225)});
  }
}

TEST_CASE("batches that a wrong length swallows are read") {
  LogBytes log = LogBytes().batch_of(71).batch_of(80).batch_of(64).batch_of(90).batch_of(100);
  log.set_length(1, 80 + 64 + 90 - 12);
  CHECK(read(log.bytes).lines == std::vector<std::string>{batch_line(0, 71), "crc_mismatch at 71",
                                                          batch_line(151, 215), batch_line(215, 305),
                                                          batch_line(305, 405)});
  log.set_length(1, 80 + 64 + 90 + 100 - 12);  // and when it leads to the end
  CHECK(read(log.bytes).lines == std::vector<std::string>{batch_line(0, 71), "crc_mismatch at 71",
                                                          batch_line(151, 215), batch_line(215, 305),
                                                          batch_line(305, 405)});
}

TEST_CASE("batches inside of a damaged batch's records are not taken for the log's") {
  LogBytes inner;
  inner.next_offset = 110;
  inner.batch_of(70).batch_of(80);
  inner.bytes.push_back(0);  // what ends a record: the number of its headers
  for (const bool last : {false, true}) {
    LogBytes log = LogBytes().batch_of(71).batch(inner.bytes, 50);
    if (!last) log.batch_of(90);
    CHECK(read(log.bytes).defects.empty());
    log.flip(1, 30);
    std::vector<std::string> expected = {batch_line(0, 71), "crc_mismatch at 71"};
    if (!last) expected.push_back(batch_line(log.starts[2], log.starts[3]));
    CHECK(read(log.bytes).lines == expected);
  }
}

TEST_CASE("every one of several damaged batches in a row is a defect") {
  LogBytes log = LogBytes().batch_of(71).batch_of(80).batch_of(64).batch_of(90).batch_of(100);
  log.flip(1, 70).flip(2, 62).flip(3, 61);
  CHECK(read(log.bytes).lines == std::vector<std::string>{batch_line(0, 71), "crc_mismatch at 71",
                                                          "crc_mismatch at 151", "crc_mismatch at 215",
                                                          batch_line(305, 405)});
}

TEST_CASE("junk between batches is one defect") {
  LogBytes log = LogBytes().batch_of(71).raw(noise(999, 5)).batch_of(64).batch_of(90);
  const Reading reading = read(log.bytes);
  CHECK(reading.defects.size() == 1);
  CHECK(batches_only(reading) == lines_of(log, {0, 2, 3}));
}

TEST_CASE("a search passes over batches whose offsets cannot follow") {
  LogBytes before;  // a copy of something older
  before.next_offset = 50;
  before.batch_of(70);
  LogBytes far;  // more than one segment can hold ahead
  far.next_offset = 102 + (std::int64_t{1} << 31);
  far.batch_of(70);
  LogBytes near;
  near.next_offset = 102 + (std::int64_t{1} << 31) - 3;
  near.batch_of(70);
  for (const bool follows : {false, true}) {
    LogBytes log = LogBytes().batch_of(71).raw(noise(100, 3)).raw(before.bytes).raw(far.bytes);
    if (follows) log.raw(near.bytes);
    CHECK(batches_only(read(log.bytes)) == (follows ? lines_of(log, {0, 4}) : lines_of(log, {0})));
  }
}

TEST_CASE("a header that makes no sense under a right crc is stepped over by its length") {
  struct Case {
    std::size_t field;
    std::uint8_t bits;
    const char* line;
  };
  for (const Case& broken : {Case{22, 0x05, "unknown_codec at 92"}, Case{23, 0x80, "record_offset at 71"},
                             Case{57, 0x80, "record_count_mismatch at 128"}}) {
    LogBytes log = three_batches();
    log.flip(1, broken.field, broken.bits);
    CHECK(read(log.bytes).lines ==
          std::vector<std::string>{batch_line(0, 71), "crc_mismatch at 71", batch_line(135, 225)});
    log.reseal(1);
    for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
      CHECK(read(log.bytes, {.payload = payload}).lines ==
            std::vector<std::string>{batch_line(0, 71), broken.line, batch_line(135, 225)});
    }
  }
}

TEST_CASE("a right crc vouches for the length, whatever follows") {
  LogBytes log = three_batches();
  log.flip(1, 22, 0x05).reseal(1);
  log.bytes.resize(log.starts[2] + 20);
  CHECK(read(log.bytes).lines ==
        std::vector<std::string>{batch_line(0, 71), "unknown_codec at 92", "torn_tail at 135"});
}

TEST_CASE("messages of formats 0 and 1 are batches, however they lie between others") {
  const LogBytes log = LogBytes()
                           .legacy(0, 14)
                           .legacy(1, 22)
                           .legacy(1, 3000)
                           .batch_of(70)
                           .wrapper(0, Codec::lz4)
                           .wrapper(1, Codec::gzip)
                           .legacy(0);
  for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
    const Reading reading = read(log.bytes, {.payload = payload, .chunk_bytes = 100});
    CHECK(reading.lines == lines_of(log, {0, 1, 2, 3, 4, 5, 6}));
    REQUIRE(reading.headers.size() == 7);
    CHECK(reading.headers[2].max_timestamp == 1700000000000);
    for (const std::size_t wrapper : {4U, 5U}) {
      CHECK(reading.headers[wrapper].base_offset == reading.headers[wrapper - 1].next_offset());
      CHECK(reading.headers[wrapper].last_offset_delta == 1);
      CHECK(reading.headers[wrapper].record_count == 2);
    }
  }
}

TEST_CASE("behind a damaged message of format 0 or 1 the next good one is found") {
  LogBytes log = LogBytes().legacy(0).legacy(1, 40).wrapper(1, Codec::snappy).legacy(0).legacy(1);
  SUBCASE("a wrong checksum") {
    log.flip(1, 30);
    CHECK(batches_only(read(log.bytes)) == lines_of(log, {0, 2, 3, 4}));
  }
  SUBCASE("a wrong length") {
    log.set_length(1, 45);
    CHECK(batches_only(read(log.bytes)) == lines_of(log, {0, 2, 3, 4}));
  }
  SUBCASE("a length that no message has") {
    log.set_length(2, 13);
    CHECK(batches_only(read(log.bytes)) == lines_of(log, {0, 1, 3, 4}));
  }
  SUBCASE("a wrapper around something else") {
    log.bytes.resize(log.starts[2]);
    log.starts.resize(3);
    encode_legacy_message({.codec = Codec::gzip, .offset = {3}, .value = Bytes{}}, log.bytes);
    CHECK(batches_only(read(log.bytes)) == lines_of(log, {0, 1}));
    CHECK(read(log.bytes).defects.size() == 1);
  }
}

TEST_CASE("a damaged batch in front of one with a wrong length are two defects") {
  LogBytes log = LogBytes().batch_of(71).batch_of(80).batch_of(64).batch_of(90);
  log.flip(1, 61).set_length(2, 1 << 20);
  CHECK(read(log.bytes).lines == std::vector<std::string>{batch_line(0, 71), "crc_mismatch at 71",
                                                          "bad_length at 159", batch_line(215, 305)});
  log.bytes.resize(log.starts[3] - 1);
  CHECK(read(log.bytes).lines ==
        std::vector<std::string>{batch_line(0, 71), "crc_mismatch at 71", "torn_tail at 151"});
}

TEST_CASE("a cut legacy message is a torn tail, one with a wrong length a defect") {
  LogBytes log = LogBytes().legacy(0).legacy(1, 40);
  log.bytes.resize(log.bytes.size() - 1);
  CHECK(read(log.bytes).lines == std::vector<std::string>{batch_line(0, 42), "torn_tail at 42"});

  log = LogBytes().legacy(0).legacy(1, 40).batch_of(70);
  log.set_length(1, 13);
  CHECK(read(log.bytes).lines ==
        std::vector<std::string>{batch_line(0, 42), "bad_length at 50", batch_line(94, 164)});
  log.set_length(1, 1000);
  CHECK(read(log.bytes).lines ==
        std::vector<std::string>{batch_line(0, 42), "bad_length at 50", batch_line(94, 164)});
}

TEST_CASE("headers alone are read without the records between them") {
  LogBytes log;
  for (int i = 0; i < 10; ++i) log.batch_of(std::size_t{1} << 20).batch_of(78, kControl);
  MemoryFile file(log.bytes);
  const Reading reading = read(file, {.payload = Payload::skip});
  CHECK(reading.defects.empty());
  REQUIRE(reading.view_sizes.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(reading.view_sizes[i] == (i % 2 == 0 ? 61 : 78));
  CHECK(file.bytes_read <= 20 * (std::size_t{1} << 16));

  MemoryFile again(log.bytes);
  CHECK(read(again).lines == reading.lines);
  CHECK(again.bytes_read == log.bytes.size());  // nothing twice
}

TEST_CASE("where only headers are read, damaged records go unnoticed and damaged control batches do not") {
  LogBytes log = LogBytes().batch_of(500).batch_of(78, kControl).batch_of(90);
  log.flip(0, 300);
  CHECK(read(log.bytes, {.payload = Payload::skip}).lines == lines_of(log, {0, 1, 2}));
  log.flip(1, 70);
  CHECK(read(log.bytes, {.payload = Payload::skip}).lines ==
        std::vector<std::string>{batch_line(0, 500), "crc_mismatch at 500", batch_line(578, 668)});
}

TEST_CASE("a reader that trusts does not look at the crc") {
  LogBytes log = three_batches();
  log.flip(1, 62);
  CHECK(read(log.bytes, {.payload = Payload::trust}).lines == lines_of(log, {0, 1, 2}));
  CHECK(read(log.bytes).defects.size() == 1);
}

TEST_CASE("a length that lies makes the reader ask for no more than the file has") {
  LogBytes log = three_batches();
  log.set_length(0, 0x7fffffff);
  MemoryFile file(log.bytes);
  CHECK(read(file).defects.size() == 1);
  CHECK(file.largest_read <= log.bytes.size());
}

TEST_CASE("a file that is cut while it is read ends where it ends") {
  const LogBytes log = LogBytes().batch_of(1000).batch_of(1000).batch_of(1000);
  for (const std::size_t size : {1000U, 1010U, 1500U, 2000U, 2100U}) {
    CAPTURE(size);
    MemoryFile file(log.bytes);
    SegmentReader reader(file, {.chunk_bytes = 100});
    REQUIRE(reader.next());
    file.bytes.resize(size);
    int batches = 1;
    int torn = 0;
    while (true) {
      const auto batch = reader.next();
      if (batch && !*batch) break;
      if (batch) ++batches;
      if (!batch) {
        CHECK(batch.error().code == DefectCode::torn_tail);
        ++torn;
      }
    }
    CHECK(batches == static_cast<int>(size / 1000));
    CHECK(torn == (size % 1000 != 0));
    CHECK(reader.end() == Position{size});
  }
}

TEST_CASE("what the system refuses comes out as it is") {
  const LogBytes log = LogBytes().batch_of(1000).batch_of(1000);
  MemoryFile file(log.bytes);
  file.fail_from = 500;
  SegmentReader reader(file, {.chunk_bytes = 1000});
  CHECK(reader.next());
  CHECK_THROWS_AS(static_cast<void>(reader.next()), IoError);
  CHECK_THROWS_AS(static_cast<void>(reader.next()), IoError);
  file.fail_from = ~0ULL;  // and it can be tried again
  const auto batch = reader.next();
  REQUIRE(batch);
  REQUIRE(batch->has_value());
  CHECK((**batch).position == Position{1000});
}

TEST_CASE("damage that is made to cost much is given up on, and the reader says so") {
  // Headers that claim all the rest of the file, each with a good batch behind it: to check every
  // claim would be quadratic.
  LogBytes log;
  const LogBytes one = LogBytes().batch_of(61);
  constexpr std::size_t kSize = std::size_t{4} << 20;
  while (log.bytes.size() < kSize) {
    log.raw(one.bytes);
    log.set_length(log.starts.size() - 2, static_cast<std::int32_t>(kSize - log.bytes.size()));
    log.next_offset += 3;
    log.batch_of(61);
  }
  MemoryFile file(log.bytes);
  const Reading reading = read(file);
  REQUIRE_FALSE(reading.defects.empty());
  CHECK(reading.defects.back().found.find("too much damage, the rest is not read") != std::string::npos);
  CHECK(reading.defects.size() < 100);
  CHECK(file.bytes_read < 20 * kSize);
}

TEST_CASE("a log in which every batch is damaged is read to its end") {
  LogBytes log;
  for (std::size_t i = 0; i < 20000; ++i) log.batch_of(500).flip(i, 100 + i % 300);
  MemoryFile file(log.bytes);
  const Reading reading = read(file, {.chunk_bytes = 4096});
  CHECK(reading.defects.size() == 20000);
  CHECK(batches_only(reading).empty());
  CHECK(file.bytes_read < 4 * log.bytes.size());
}

TEST_CASE("no mixture of damages leads the reader astray") {
  std::minstd_rand random(42);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    LogBytes log;
    for (std::size_t i = 1 + below(8); i > 0; --i)
      log.batch_of(61 + below(300), below(5) == 0 ? kControl : 0);
    for (std::size_t i = below(6); i > 0; --i) {
      const std::size_t at = below(log.bytes.size());
      const std::size_t run = std::min(1 + below(40), log.bytes.size() - at);
      switch (below(5)) {
        case 0: log.bytes[at] ^= static_cast<std::uint8_t>(1U << below(8)); break;
        case 1: std::fill_n(log.bytes.begin() + static_cast<std::ptrdiff_t>(at), run, std::uint8_t{0}); break;
        case 2:
          std::generate_n(log.bytes.begin() + static_cast<std::ptrdiff_t>(at), run,
                          [&] { return static_cast<std::uint8_t>(below(256)); });
          break;
        case 3:
          log.bytes.erase(log.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          log.bytes.begin() + static_cast<std::ptrdiff_t>(at + run));
          break;
        case 4: log.set_length(below(log.starts.size() - 1), static_cast<std::int32_t>(random())); break;
      }
      if (log.bytes.size() < log.starts.back() + 100) log.bytes.resize(log.starts.back() + 100);
    }
    for (const Payload payload : {Payload::read, Payload::trust, Payload::skip}) {
      const Reading reading = read(log.bytes, {.payload = payload, .chunk_bytes = 1 + below(500)});
      CHECK(reading.lines.size() < 30);
      if (payload == Payload::read) CHECK(reading.lines == read(log.bytes).lines);
    }
  }
}

}  // namespace kseg
