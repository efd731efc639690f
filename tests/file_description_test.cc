#include "formats/file_description.h"

#include <doctest/doctest.h>

#include <filesystem>

namespace kseg {
namespace {

const std::filesystem::path kBroker = KSEG_TEST_DATA "/broker";

TEST_CASE("every file and folder that a real broker left is known by its name") {
  int files = 0;
  for (const char* root : {"cluster-a", "compaction/0-before", "compaction/3-third-round", "unclean/torn",
                           "unclean/recovered", "legacy/1-loaded-and-cleaned"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kBroker / root)) {
      const std::string name = entry.path().filename().string();
      CAPTURE(name);
      CHECK((entry.is_directory() ? describe_folder(name) : describe_file(name)));
      ++files;
    }
  }
  CHECK(files > 1000);
}

TEST_CASE("states are in the words") {
  CHECK(describe_file("00000000000000000042.log.swap") == "log, about to take its place");
  CHECK(describe_file("00000000000000000042.timeindex.cleaned") ==
        "time index, a cleaning or a split that was not finished");
  CHECK(describe_file("00000000000000000042.snapshot.deleted") == "producer snapshot, about to be deleted");
  CHECK(describe_file("quorum-state.tmp") ==
        "what a controller knows of elections, a writing that was not finished");
  CHECK(describe_file("00000000000000000108-0000000001-1234.checkpoint.part") ==
        "metadata snapshot that was not finished");
  CHECK(describe_file("12_ASNFZ4mrze_-3LqYdlQyEA.txnindex.deleted") ==
        "copy of an index in tiered storage, a left-over");
  CHECK(describe_folder("orders-0.0123456789abcdef0123456789abcdef-future") == "partition, being moved here");
  CHECK(describe_folder("remote-log-index-cache"));
}

TEST_CASE("what nobody made is not known") {
  for (const char* name : {"notes.txt", "old.log", ".tmp", "notes.tmp", "12_x.index",
                           "-1_ASNFZ4mrze_-3LqYdlQyEA.index", "12_ASNFZ4mrze_-3LqYdlQyEA.log", ""}) {
    CAPTURE(name);
    CHECK(!describe_file(name));
  }
  for (const char* name : {"lost+found", "backup", "foo-bar"}) CHECK(!describe_folder(name));
}

TEST_CASE("a copy of a remote index has the base offset of its segment in its name") {
  const auto name = parse_remote_index_name("1200_ASNFZ4mrze_-3LqYdlQyEA.timeindex");
  REQUIRE(name);
  CHECK(name->start_offset == Offset{1200});
  CHECK(name->segment_id == "ASNFZ4mrze_-3LqYdlQyEA");
  CHECK(name->kind == SegmentFileKind::time_index);
  CHECK(!name->left_over);
}

}  // namespace
}  // namespace kseg
