// Groups that do not fit into one segment: messages of formats 0 and 1 have grown, or offsets lie too far
// apart.
#include <doctest/doctest.h>

#include "lib/compaction.h"
#include "tests/support/collected_report.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"

namespace kseg {
namespace {

CompactionRequest request(const Path& partition) {
  CompactionRequest request{.partition = partition, .now_ms = 1000};
  request.config.set("cleanup.policy", "compact");
  return request;
}

// The folder after the compaction, in the notation; or why it was refused.
std::string cleaned(const CompactionRequest& request) {
  const auto outcome = compact(posix_file_system(), request);
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    return "refused: " + (refusal->defects.empty() ? refusal->reason : describe(refusal->defects[0].defect));
  }
  const Path folder = request.output.value_or(request.partition);
  const CollectedReport report = verify_folder(folder);
  for (const LocatedDefect& found : report.defects) FAIL_CHECK(describe(found.defect));
  for (const LocatedDefect& found : report.warnings) FAIL_CHECK(describe(found.defect));
  return print_notation(*from_files(read_folder(folder)));
}

TEST_CASE("messages that grow past what a segment may hold become several segments") {
  // 36 bytes each, 70 as batches of format 2.
  LogBuilder log = LogBuilder::from_notation("{0} v1/a=1 v1/b=1 v1/c=1 v1/d=1 v1/e=1 {5} f=1");
  log.in_log_dir("t", 0, {.first_dirty = Offset{0}});
  CompactionRequest small = request(log.path());
  small.max_log_bytes = 180;
  const TemporaryFolder elsewhere;
  SUBCASE("in place") {
    CHECK(cleaned(small) == "{0} a=1 b=1 {2} c=1 d=1 {4} e=1 {5} f=1");
    // Once converted, they are merged no more than any others are.
    small.first_dirty = Offset{0};
    CHECK(cleaned(small) == "{0} a=1 b=1 {2} c=1 d=1 {4} e=1 {5} f=1");
  }
  SUBCASE("beside") {
    small.output = elsewhere.path() / "t-0";
    CHECK(cleaned(small) == "{0} a=1 b=1 {2} c=1 d=1 {4} e=1 {5} f=1");
  }
  SUBCASE("which undo cannot put back") {
    const FolderFiles before = read_folder(log.path());
    small.keep_originals = elsewhere.path();
    CHECK(cleaned(small).starts_with("refused: segment_too_large"));
    CHECK(read_folder(log.path()) == before);
  }
  SUBCASE("unless not even one of them fits") {
    small.max_log_bytes = 69;
    CHECK(cleaned(small).starts_with("refused: segment_too_large"));
  }
}

TEST_CASE("offsets that are too far apart for an index are split too") {
  const TemporaryFolder folder;
  const Path partition = folder.path() / "t-0";
  std::filesystem::create_directory(partition);
  for (const SegmentModel& segment : log_of("{0} a=1 4294967297:b=1 {4294967298} c=1").segments) {
    ByteBuffer bytes;  // and no index, which could not be
    for (const BatchModel& batch : segment.batches) append(bytes, batch.bytes);
    write_whole_file(partition / to_string({.kind = SegmentFileKind::log, .offset = segment.base}), bytes);
  }
  CompactionRequest beside = request(partition);
  beside.output = folder.path() / "u-0";
  compact(posix_file_system(), beside);
  CHECK(print_notation(*from_files(read_folder(*beside.output))) ==
        "{0} a=1 {4294967297} b=1 {4294967298} c=1");
}

TEST_CASE("an entry of the transaction index goes to the segment of its marker") {
  LogBuilder log = LogBuilder::from_notation(
      "{0} v1/a=1 v1/b=1 T7[c=1] A7 !7,2,3,4 v1/d=1 T8[e=1] A8 !8,5,6,7 v1/f=1 {8} g=1");
  log.in_log_dir("t", 0, {.first_dirty = Offset{0}});
  CompactionRequest small = request(log.path());
  small.max_log_bytes = 230;  // three messages or markers
  CHECK(cleaned(small) == "{0} a=1 b=1 T7[.] {3} A7 d=1 T8[.] !7,2,3,4 {6} A8 f=1 !8,5,6,7 {8} g=1");
}

}  // namespace
}  // namespace kseg
