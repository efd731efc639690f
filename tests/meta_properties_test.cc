#include "formats/meta_properties.h"

#include <doctest/doctest.h>

#include "tests/support/page_example.h"

namespace kseg {
namespace {

constexpr std::string_view kRest = "version=1\nnode.id=1\n";  // all but the cluster id

std::string cluster_id(const std::string& line) {
  const auto decoded = decode_meta_properties(as_bytes(std::string(kRest) + line));
  REQUIRE(decoded);
  return *decoded->cluster_id;
}

Defect defect_of(std::string_view text) {
  const auto decoded = decode_meta_properties(as_bytes(text));
  REQUIRE_FALSE(decoded);
  return decoded.error();
}

}  // namespace

TEST_CASE("the file in formats/meta_properties.md decodes and encodes again but for its comments") {
  const std::string text = page_example("meta_properties.md");
  const auto decoded = decode_meta_properties(as_bytes(text));
  REQUIRE(decoded);
  CHECK(decoded->version == 1);
  CHECK(decoded->node_id == 1);
  CHECK(decoded->cluster_id == "mkU3OEVBNTcwNTJENDM2Qk");
  CHECK(to_string(*decoded->directory_id) == "ASNFZ4mrze_-3LqYdlQyEA");
  CHECK(encode_meta_properties(*decoded) == text.substr(text.find("node.id")));
}

TEST_CASE("without a version line the file is of version 0, where nothing else must be there") {
  const auto empty = decode_meta_properties(as_bytes(""));
  REQUIRE(empty);
  CHECK(*empty == MetaProperties{.version = 0});
  const auto broker = decode_meta_properties(as_bytes("broker.id=7\nnode.id=x\n"));
  REQUIRE(broker);
  CHECK(broker->node_id == 7);
  CHECK(encode_meta_properties(*broker) == "broker.id=7\nversion=0\n");
}

TEST_CASE("separators, comments, continued lines and escapes are those of Java") {
  CHECK(cluster_id("cluster.id=a") == "a");
  CHECK(cluster_id("  cluster.id : a b ") == "a b ");
  CHECK(cluster_id("cluster.id\ta") == "a");
  CHECK(cluster_id("cluster.id = = a") == "= a");
  CHECK(cluster_id("cluster.id=a\r\n#cluster.id=b\r\n !cluster.id=c\r\n\r\n") == "a");
  CHECK(cluster_id("cluster.id=a\ncluster.id=b\n") == "b");
  CHECK(cluster_id("cluster.id=a\\\n   b\\\r\n\tc") == "abc");
  CHECK(cluster_id("cluster.id=a\\\\\nb=c") == "a\\");
  CHECK(cluster_id("cluster.id=a\\\n# no comment") == "a# no comment");
  CHECK(cluster_id("cluster.id=a\\") == "a");
  CHECK(cluster_id("cluster.id=a\\\n\nb=c") == "a");
  CHECK(cluster_id("cluster\\.id=a") == "a");
  CHECK(cluster_id("\\u0063luster.id=\\u0041\\u00e4\\u20AC\\uD83D\\uDE00") == "A\u00e4\u20ac\U0001f600");
  CHECK(cluster_id("cluster.id=\\t\\n\\r\\f\\:\\=\\x") == "\t\n\r\f:=x");
  CHECK(cluster_id("cluster.id=\xe4") == "\u00e4");
  CHECK(cluster_id("cluster.id=\\uD83D!") == "\ufffd!");
  CHECK(cluster_id("cluster.id") == "");
}

TEST_CASE("what is written is read back, whatever the cluster id") {
  for (const char* id :
       {"", " ", "  a ", "a=b:c#d!e\\f", "#", "\t\r\n\f\x01\x7f", "\u00e4\u20ac\U0001f600"}) {
    CAPTURE(id);
    const MetaProperties written{.cluster_id = id, .node_id = -1};
    const auto read = decode_meta_properties(as_bytes(encode_meta_properties(written)));
    REQUIRE(read);
    CHECK(*read == written);
  }
}

TEST_CASE("a cluster id that is not UTF-8 is written as something that can be read") {
  for (const char* id : {"\xff", "\xf8\x88", "a\xc3", "\xe2\x82", "\x80\x80", "\xff\xff\xff\xff"}) {
    const auto read =
        decode_meta_properties(as_bytes(encode_meta_properties({.cluster_id = id, .node_id = 1})));
    CHECK(read);
  }
}

TEST_CASE("a bad escape is bad text at the line it is in") {
  for (const char* line : {"x=\\u", "x=\\u12", "x=\\u12x4", "x=\\u+123", "\\uzzzz=x", "x=a\\\n  \\u00"}) {
    CAPTURE(line);
    const Defect defect = defect_of(std::string(kRest) + line + "\ncluster.id=a\n");
    CHECK(defect.code == DefectCode::bad_text);
    CHECK(defect.position == Position{kRest.size()});
  }
}

TEST_CASE("only versions 0 and 1 are known, blanks around them do not matter") {
  CHECK(decode_meta_properties(as_bytes("version=\\ 1 \t\nnode.id=1\ncluster.id=a\n"))->version == 1);
  CHECK(defect_of("version=2\nnode.id=1\ncluster.id=a\n").code == DefectCode::unknown_version);
  CHECK(defect_of("version=-1\n").code == DefectCode::unknown_version);
  CHECK(defect_of("version=\n").code == DefectCode::bad_text);
  CHECK(defect_of("version=x\n").code == DefectCode::bad_text);
}

TEST_CASE("version 1 wants a node id and a cluster id") {
  for (const char* text :
       {"version=1\nnode.id=1\n", "version=1\ncluster.id=a\n", "version=1\nbroker.id=1\ncluster.id=a\n"}) {
    CAPTURE(text);
    CHECK(defect_of(text).code == DefectCode::bad_text);
    CHECK(defect_of(text).position == Position{std::string_view(text).size()});
  }
}

TEST_CASE("a node id that is no int32 is bad text at its line") {
  for (const char* value : {"", "x", "1 ", "2147483648"}) {
    CAPTURE(value);
    const Defect defect = defect_of(std::string("version=1\nnode.id=") + value + "\ncluster.id=a\n");
    CHECK(defect.code == DefectCode::bad_text);
    CHECK(defect.position == Position{10});
  }
}

TEST_CASE("a directory id that is none, or reserved, is bad text at its line") {
  for (const char* value : {"", "ASNFZ4mrze_-3LqYdlQyE", "ASNFZ4mrze/+3LqYdlQyEA", "AAAAAAAAAAAAAAAAAAAAAA",
                            "AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAYw"}) {
    CAPTURE(value);
    const Defect defect = defect_of(std::string("directory.id=") + value);
    CHECK(defect.code == DefectCode::bad_text);
    CHECK(defect.position == Position{0});
  }
  CHECK(decode_meta_properties(as_bytes("directory.id=AAAAAAAAAAAAAAAAAAAAZA")));  // 100
}

}  // namespace kseg
