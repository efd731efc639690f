// The fast cleaner and the obvious one, on the same random logs.
#include <doctest/doctest.h>

#include "lib/compaction.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

CompactionRequest request_of(const RandomRound& random, const Path& partition) {
  const ObviousRound& round = random.round;
  CompactionRequest request{.partition = partition,
                            .first_dirty = round.first_dirty,
                            .first_uncleanable = round.first_uncleanable,
                            .now_ms = round.now_ms};
  // The high watermark is the log end here, which is where some rounds end under the rule of 4.4.
  if (!round.end_of_round) {
    request.compat = *parse_compat("3.9.1");
  } else if (*round.end_of_round != round.first_uncleanable) {
    request.compat = *parse_compat("4.4");
  }
  request.config.delete_retention_ms = round.delete_retention_ms;
  request.config.segment_bytes = round.segment_bytes;
  request.config.segment_index_bytes = round.segment_index_bytes;
  request.config.index_interval_bytes = static_cast<std::uint64_t>(round.index_interval_bytes);
  request.config.producer_id_expiration_ms = INT32_MAX;
  return request;
}

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

    const auto outcome = compact(files, request_of(random, log.path()));
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
