// Runs of batches, walked in both directions.
#include "lib/batch_walk.h"

#include <doctest/doctest.h>

#include "tests/support/log_builder.h"

namespace kseg {
namespace {

// A log of four batches, and its runs.
struct Walked {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 [b=1 b=2] c=1 d=1");
  std::vector<BatchRun> runs;

  // Leaves out the batch numbered `gap`, as if it was damaged.
  explicit Walked(std::size_t gap) {
    const auto& batches = log.model().segments[0].batches;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (i != gap) append_to_runs(batches[i].header.size_bytes(), log.position_of(i), runs);
    }
  }

  // "0:3 1:1 2:0": index and base offset of each batch, "!" for a defect.
  std::string text(BatchWalk::Order order) {
    const auto file = posix_file_system().open(log.file(SegmentFileKind::log, 0));
    BatchWalk walk(*file, runs, order);
    std::string text;
    while (true) {
      const auto batch = walk.next();
      if (batch && *batch == nullptr) return text;
      if (!text.empty()) text += " ";
      text += batch ? fmt::format("{}:{}", walk.index(), (*batch)->header.base_offset) : "!";
    }
  }
};

constexpr std::size_t kNone = 99;

TEST_CASE("batches that lie side by side are one run, walked from either end") {
  Walked walked(kNone);
  CHECK(walked.runs.size() == 1);
  CHECK(walked.text(BatchWalk::Order::oldest_first) == "0:0 1:1 2:3 3:4");
  CHECK(walked.text(BatchWalk::Order::newest_first) == "3:4 2:3 1:1 0:0");
}

TEST_CASE("a gap between batches begins another run; batches are counted on") {
  Walked walked(/*gap=*/1);
  CHECK(walked.runs.size() == 2);
  CHECK(walked.text(BatchWalk::Order::oldest_first) == "0:0 1:3 2:4");
  CHECK(walked.text(BatchWalk::Order::newest_first) == "2:4 1:3 0:0");
}

TEST_CASE("a run that is no longer what was found is a defect, and the walk goes on behind it") {
  Walked walked(/*gap=*/1);
  const Path file = walked.log.file(SegmentFileKind::log, 0);
  ByteBuffer bytes = read_whole_file(file);
  bytes.resize(bytes.size() - 1);
  write_whole_file(file, bytes);
  CHECK(walked.text(BatchWalk::Order::oldest_first) == "0:0 !");
  CHECK(walked.text(BatchWalk::Order::newest_first) == "! 0:0");
}

TEST_CASE("without runs there is nothing to walk over") {
  Walked walked(kNone);
  walked.runs.clear();
  CHECK(walked.text(BatchWalk::Order::newest_first) == "");
}

}  // namespace
}  // namespace kseg
