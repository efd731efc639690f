#include "formats/file_names.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace kseg {
namespace {

std::string_view describe_kind(SegmentFileKind kind) {
  switch (kind) {
    case SegmentFileKind::log: return "log";
    case SegmentFileKind::offset_index: return "offset_index";
    case SegmentFileKind::time_index: return "time_index";
    case SegmentFileKind::transaction_index: return "transaction_index";
    case SegmentFileKind::producer_snapshot: return "producer_snapshot";
  }
  return "";
}

std::string_view describe_state(FileState state) {
  return state == FileState::current ? "current" : extension(state).substr(1);
}

// Rows of the table under "Worked example" in the page.
std::vector<std::vector<std::string>> page_rows() {
  std::ifstream page(KSEG_TEST_DATA "/../../formats/file_names.md");
  std::vector<std::vector<std::string>> rows;
  bool here = false;
  for (std::string line; std::getline(page, line);) {
    here = here || line == "## Worked example";
    if (!here || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::stringstream cells_of(line.substr(2));
    for (std::string cell; std::getline(cells_of, cell, '|');) {
      const std::size_t begin = cell.find_first_not_of(" `");
      cells.push_back(cell.substr(begin, cell.find_last_not_of(" `") + 1 - begin));
    }
    rows.push_back(cells);
  }
  return rows;
}

}  // namespace

TEST_CASE("names of segment files mean what the table in formats/file_names.md says") {
  const auto rows = page_rows();
  REQUIRE(rows.size() == 8);
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    const auto name = parse_segment_file_name(row[0]);
    REQUIRE(name);
    CHECK(describe_kind(name->kind) == row[1]);
    CHECK(std::to_string(name->offset.value) == row[2]);
    CHECK(describe_state(name->state) == row[3]);
    CHECK(is_canonical(row[0]) == (row[4] == "canonical"));
    if (row[4] == "canonical") CHECK(to_string(*name) == row[0]);
  }
}

TEST_CASE("a name that is nearly a segment file's is none") {
  for (const char* name : {"",
                           ".log",
                           "log",
                           "42",
                           "42log",
                           "x.log",
                           "4x.log",
                           " 42.log",
                           "42 .log",
                           "--42.log",
                           "+-42.log",
                           "42.log.",
                           "42.log.swp",
                           "42.log.swap.swap",
                           "42.foo.log",
                           "42.logs",
                           "42.checkpoint",
                           "42.LOG",
                           "09223372036854775808.log",
                           "leader-epoch-checkpoint"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_segment_file_name(name));
    CHECK_FALSE(is_canonical(name));
  }
}

TEST_CASE("the number before the first dot is an offset, whatever follows") {
  CHECK(leading_offset("00000000000000000042.log") == Offset{42});
  CHECK(leading_offset("7.anything.at.all") == Offset{7});
  CHECK(leading_offset("9223372036854775807.") == Offset{9223372036854775807});
  CHECK_FALSE(leading_offset("9223372036854775808.log"));
  CHECK_FALSE(leading_offset("00000000000000000000-0000000000.checkpoint"));
  CHECK_FALSE(leading_offset("42"));
  CHECK_FALSE(leading_offset(".log"));
  CHECK_FALSE(leading_offset(""));
}

TEST_CASE("only a segment suffix behind something that is no number breaks loading") {
  for (const char* name : {"x.log", ".index", "4x.timeindex", "-.txnindex", "a-1.snapshot", "x.cleaned",
                           "x.log.swap", "99999999999999999999.log"}) {
    CAPTURE(name);
    CHECK(breaks_loading(name));
  }
  for (const char* name : {"42.log", "42.x.log", "42.cleaned", "x.log.deleted", "x.checkpoint", "x.tmp",
                           "partition.metadata", "leader-epoch-checkpoint", "log", ""}) {
    CAPTURE(name);
    CHECK_FALSE(breaks_loading(name));
  }
}

TEST_CASE("a folder's name is split at its last dash") {
  const auto orders = parse_partition_folder_name("orders-3");
  REQUIRE(orders);
  CHECK(orders->partition == TopicPartition{"orders", 3});
  CHECK(orders->kind == PartitionFolderKind::current);
  CHECK(to_string(orders->partition) == "orders-3");

  CHECK(parse_partition_folder_name("a.b_c-d-12")->partition == TopicPartition{"a.b_c-d", 12});
  CHECK(parse_partition_folder_name("t--5")->partition == TopicPartition{"t-", 5});
  CHECK(parse_partition_folder_name("t-+5")->partition == TopicPartition{"t", 5});
  CHECK(parse_partition_folder_name("my-delete-0")->partition == TopicPartition{"my-delete", 0});
  CHECK(parse_partition_folder_name("t-2147483647")->partition == TopicPartition{"t", 2147483647});
}

TEST_CASE("a suffix with an id marks a deleted, future or stray folder") {
  const std::string id = ".e44179ef2e7c4f7aad8314a90da81d31";
  const auto deleted = parse_partition_folder_name("deleted-0" + id + "-delete");
  REQUIRE(deleted);
  CHECK(deleted->partition == TopicPartition{"deleted", 0});
  CHECK(deleted->kind == PartitionFolderKind::deleted);
  CHECK(parse_partition_folder_name("a.b-1" + id + "-future")->kind == PartitionFolderKind::future);
  CHECK(parse_partition_folder_name("a.b-1" + id + "-future")->partition == TopicPartition{"a.b", 1});
  CHECK(parse_partition_folder_name("t-1" + id + "-stray")->kind == PartitionFolderKind::stray);
}

TEST_CASE("a folder's name that a broker would not accept is none") {
  for (const char* name :
       {"", "orders", "-3", "orders-", "orders-x", "orders-3x", "orders-2147483648", "lost+found", "foo-bar",
        "orders-delete", "orders-3-delete", "orders-3.-delete", "orders.id-3-stray", "orders 1-3.id-delete",
        "-3.id-delete", "orders-3.x.id-delete", "orders-.id-future"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_partition_folder_name(name));
  }
}

TEST_CASE("topic names have 1 to 249 legal characters and are no dots") {
  CHECK(is_topic_name("a.b_c-D9"));
  CHECK(is_topic_name("..."));
  CHECK(is_topic_name(std::string(249, 't')));
  CHECK_FALSE(is_topic_name(std::string(250, 't')));
  for (const char* name : {"", ".", "..", "a b", "a/b", "ä", "a\n"}) {
    CAPTURE(name);
    CHECK_FALSE(is_topic_name(name));
  }
}

TEST_CASE("metadata snapshots carry an offset and an epoch of fixed width") {
  using State = MetadataSnapshotName::State;
  const auto current = parse_metadata_snapshot_name("00000000000000000812-0000000003.checkpoint");
  REQUIRE(current);
  CHECK(current->offset == Offset{812});
  CHECK(current->epoch == 3);
  CHECK(current->state == State::current);
  CHECK(parse_metadata_snapshot_name("00000000000000000812-0000000003.checkpoint.deleted")->state ==
        State::deleted);
  CHECK(parse_metadata_snapshot_name("00000000000000000812-0000000003-17.checkpoint.part")->state ==
        State::part);

  for (const char* name :
       {"", "bootstrap.checkpoint", "00000000000000000812-0000000003", "812-3.checkpoint",
        "00000000000000000812-0000000003.checkpoint.swap", "00000000000000000812-0000000003.checkpoint.part",
        "00000000000000000812-9999999999.checkpoint", "99999999999999999999-0000000003.checkpoint",
        "00000000000000000812_0000000003.checkpoint", "0000000000000000081x-0000000003.checkpoint",
        "-0000000000000000812-0000000003.checkpoint"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_metadata_snapshot_name(name));
  }
}

}  // namespace kseg
