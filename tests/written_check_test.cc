// A `.log` read back after it was written.
#include "lib/written_check.h"

#include <doctest/doctest.h>

#include "lib/batch_chunk.h"
#include "tests/support/large_log.h"
#include "tests/support/log_folder.h"

namespace kseg {
namespace {

// A file that was written in two pieces, and what was noted of it.
struct Written {
  LargeLog log{1, std::uint64_t{2} << 20, 4};
  Path path = log.open().segments().front().log;
  ByteBuffer bytes = read_whole_file(path);
  WrittenCheck check;

  Written() {
    std::vector<RecordBatchHeader> headers;
    std::size_t begin = 0;
    std::size_t end = 0;
    const auto add = [&] {
      check.add(headers, Bytes{bytes}.subspan(begin, end - begin));
      headers.clear();
      begin = end;
    };
    while (end < bytes.size()) {
      headers.push_back(*decode_record_batch_header(Bytes{bytes}.subspan(end)));
      end += headers.back().size_bytes();
      if (headers.size() == 50) add();
    }
    add();
  }

  std::optional<Defect> read_back(std::size_t jobs = 1) const {
    write_whole_file(path, bytes);
    return check.check(*posix_file_system().open(path), jobs);
  }
};

TEST_CASE("what was written is read back, by any number of threads") {
  const Written written;
  for (const std::size_t jobs : {1, 2, 4}) CHECK_FALSE(written.read_back(jobs));
}

TEST_CASE("nothing at all is right if nothing was written") {
  Written written;
  written.bytes.clear();
  CHECK(written.read_back());
  written.check = {};
  CHECK_FALSE(written.read_back());
}

TEST_CASE("every changed byte is noticed, in a header or behind it") {
  Written written;
  const std::size_t last = written.bytes.size() - 1;
  for (const std::size_t at : {std::size_t{0}, std::size_t{3}, std::size_t{9}, std::size_t{13},
                               std::size_t{18}, std::size_t{30}, std::size_t{61}, last / 2, last}) {
    CAPTURE(at);
    written.bytes[at] ^= 1;
    CHECK(written.read_back(2));
    written.bytes[at] ^= 1;
  }
}

TEST_CASE("a file that is too short or too long is noticed") {
  Written written;
  written.bytes.push_back(0);
  CHECK(written.read_back());
  written.bytes.pop_back();
  written.bytes.pop_back();
  CHECK(written.read_back());
}

TEST_CASE("a batch in the place of another, with a right crc, is noticed") {
  Written written;
  const auto header = decode_record_batch_header(written.bytes);
  const std::uint8_t offset_of_first = written.bytes[7];
  written.bytes[7] = static_cast<std::uint8_t>(offset_of_first + 1);  // the crc does not cover it
  REQUIRE(header);
  CHECK(written.read_back());
}

}  // namespace
}  // namespace kseg
