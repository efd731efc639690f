#include "formats/broker_state.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

Result<QuorumState> quorum(const std::string& text) {
  return decode_quorum_state(as_bytes(text));
}

TEST_CASE("the examples of formats/broker_state.md are what the page says") {
  const auto fixed = quorum(page_example("broker_state.md", 1));
  REQUIRE(fixed);
  CHECK(*fixed == QuorumState{.data_version = 0,
                              .cluster_id = "",
                              .leader_id = 1,
                              .leader_epoch = 2,
                              .voted_id = -1,
                              .applied_offset = 0,
                              .current_voters = std::vector<std::int32_t>{2, 1, 3}});
  const auto dynamic = quorum(page_example("broker_state.md", 2));
  REQUIRE(dynamic);
  CHECK(*dynamic == QuorumState{.leader_epoch = 2,
                                .voted_id = 1,
                                .voted_directory_id = parse_uuid("ASNFZ4mrze_-3LqYdlQyEA")});
  const std::string shutdown = page_example("broker_state.md", 3);
  CHECK(decode_clean_shutdown(as_bytes(shutdown)) == CleanShutdown{.version = 0, .broker_epoch = 12});
}

TEST_CASE("what is no quorum-state is told") {
  struct Case {
    const char* text;
    DefectCode code;
  };
  for (const Case& wrong :
       {Case{"", DefectCode::bad_text}, Case{"[1]", DefectCode::bad_text}, Case{"{", DefectCode::bad_text},
        Case{"{}", DefectCode::bad_text}, Case{R"({"data_version":2})", DefectCode::unknown_version},
        Case{R"({"data_version":65537})", DefectCode::bad_text},
        Case{R"({"data_version":1,"leaderId":1,"leaderEpoch":2,"votedId":-1})", DefectCode::bad_text},
        Case{R"({"data_version":1,"leaderId":"1","leaderEpoch":2,"votedId":-1})", DefectCode::bad_text},
        Case{R"({"data_version":1,"leaderId":1,"leaderEpoch":2,"votedId":-1,"votedDirectoryId":"x"})",
             DefectCode::bad_text},
        Case{R"({"data_version":0,"leaderId":1,"leaderEpoch":2,"votedId":-1,"currentVoters":[3]})",
             DefectCode::bad_text}}) {
    CAPTURE(wrong.text);
    const auto state = quorum(wrong.text);
    REQUIRE(!state);
    CHECK(state.error().code == wrong.code);
  }
  CHECK(quorum(
      R"({"data_version":0,"leaderId":1,"leaderEpoch":2,"votedId":-1,"currentVoters":null,"new":[]})"));
}

TEST_CASE("a mark of a clean shutdown may hold anything") {
  for (const char* text : {"", "x", "{}", R"({"version":0})", R"({"version":0,"brokerEpoch":"1"})"})
    CHECK(!decode_clean_shutdown(as_bytes(std::string_view(text))));
}

}  // namespace
}  // namespace kseg
