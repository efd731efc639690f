// The fast cleaner and the obvious one, on the same random logs.
#include <doctest/doctest.h>

#include "lib/compaction.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"
#include "tests/support/round_request.h"

namespace kseg {
namespace {

std::string notation_after(const LogModel& before, LogModel after) {
  mark_rebuilt(before, after);
  return print_notation(after);
}

TEST_CASE("on ten thousand random logs the fast cleaner leaves what the obvious one leaves") {
  FaultyFileSystem files(posix_file_system());
  files.skip_syncs();
  int rounds = 0;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    CAPTURE(seed);
    const RandomRound random = random_round(seed);
    LogBuilder log(random.log);
    log.options(random.folder)
        .in_log_dir("t", 0, {.first_dirty = random.round.first_dirty, .log_start = random.round.log_start});
    CAPTURE(print_notation(random.log));

    // The high watermark is the log end here, which is where some rounds end under the rule of 4.4.
    CompactionRequest request = request_of(random.round, log.path());
    request.jobs = 1 + seed % 3;
    if (seed % 4 == 0) request.memory_bytes = 0;  // all keys are spilled
    const auto outcome = compact(files, request);
    const auto obvious = clean_obviously(random.log, random.round);
    const auto* report = std::get_if<CompactionReport>(&outcome);
    REQUIRE((report != nullptr) == static_cast<bool>(obvious));
    if (report == nullptr) continue;
    rounds += report->ran ? 1 : 0;

    const FolderFiles folder = read_folder(log.path());
    const auto after = from_files(folder);
    REQUIRE(after);
    REQUIRE(notation_after(random.log, *after) == notation_after(random.log, obvious->after));
    REQUIRE(report->counts.keyless == static_cast<std::uint64_t>(obvious->keyless_records));
    for (const SegmentModel& segment : after->segments) {
      const IndexFiles indexes = build_indexes(segment, random.folder.index_interval_bytes);
      REQUIRE(folder.at(to_string({.kind = SegmentFileKind::offset_index, .offset = segment.base})) ==
              indexes.offset_index);
      REQUIRE(folder.at(to_string({.kind = SegmentFileKind::time_index, .offset = segment.base})) ==
              indexes.time_index);
    }
  }
  CHECK(rounds > 5'000);
}

}  // namespace
}  // namespace kseg
