// Digests of partitions: what they depend on, and what they do not.
#include <doctest/doctest.h>

#include <filesystem>

#include "formats/canonical_record.h"
#include "lib/compaction.h"
#include "lib/partition_digest.h"
#include "lib/record_stream.h"
#include "tests/support/collected_report.h"
#include "tests/support/hex.h"
#include "tests/support/log_builder.h"
#include "tests/support/notation.h"
#include "tests/support/random_log.h"
#include "tests/support/rebatched_log.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";

std::optional<PartitionDigest> digest_folder(const Path& folder, const ReadableLog::Request& request = {}) {
  CollectedReport report;
  const ReadableLog log = ReadableLog::open(posix_file_system(), folder, request, report);
  auto digest = PartitionDigest::of(posix_file_system(), log, report);
  if (!report.defects.empty()) return std::nullopt;
  return digest;
}

PartitionDigest digest_of(LogModel log, const ReadableLog::Request& request = {}) {
  LogBuilder builder(std::move(log));
  const auto digest = digest_folder(builder.path(), request);
  REQUIRE(digest);
  return *digest;
}

PartitionDigest digest_of(const char* notation, const ReadableLog::Request& request = {}) {
  return digest_of(log_of(notation), request);
}

bool same_records(const PartitionDigest& a, const PartitionDigest& b) {
  return a.records == b.records && a.record_count == b.record_count && a.first_offset == b.first_offset &&
         a.last_offset == b.last_offset;
}

bool same_state(const PartitionDigest& a, const PartitionDigest& b) {
  return a.state == b.state && a.key_count == b.key_count;
}

TEST_CASE("a record's canonical bytes are what the manual says") {
  LogBuilder log = LogBuilder::from_notation("{258} ab=~@3#h:x#i:~ -=''@-1");
  CollectedReport report;
  const ReadableLog readable = ReadableLog::open(posix_file_system(), log.path(), {}, report);
  RecordStream records(posix_file_system(), readable, report);
  ByteBuffer bytes;
  while (records.next_batch()) {
    for (RecordView record; records.next(record);) append_canonical_record(record, bytes);
  }
  const std::string expected =
      "0000000000000102"
      "0000000000000003"  // offset 258, time 3
      "00000002"
      "6162"
      "ffffffff"  // key ab, value null
      "00000002"  // two headers
      "00000001"
      "68"
      "00000001"
      "78"  // h: x
      "00000001"
      "69"
      "ffffffff"  // i: null
      "0000000000000103"
      "ffffffffffffffff"  // offset 259, no time
      "ffffffff"
      "00000000"   // key null, value empty
      "00000000";  // no headers
  CHECK(bytes == from_hex(expected));
  CHECK(digest_of("{258} ab=~@3#h:x#i:~ -=''@-1").records == Digest::of(bytes));
}

TEST_CASE("digests are the same on every machine and in every release") {
  const PartitionDigest digest = digest_of("{0} [a=1 b=2#h:x] a=3");
  CHECK(to_string(digest.records) == "f3d3c578c335326455de7b4befda69f8");
  CHECK(to_string(digest.state) == "4323369b3c9d673d5193ba20906280ea");
  CHECK(digest.record_count == 3);
  CHECK(digest.key_count == 2);
  const PartitionDigest empty = digest_of("{0}");
  CHECK(to_string(empty.records) == "99aa06d3014798d86001c324468d497f");  // XXH3 of nothing
  CHECK(to_string(empty.state) == "00000000000000000000000000000000");
  CHECK_FALSE(empty.first_offset);
}

TEST_CASE("a sum of digests carries") {
  Digest sum{.high = 1, .low = ~std::uint64_t{0}};
  sum += {.high = ~std::uint64_t{0}, .low = 1};
  CHECK(sum == Digest{.high = 1, .low = 0});
}

TEST_CASE("batches, codecs, segments, control and aborted records make no difference") {
  const PartitionDigest digest = digest_of("{0} [a=1 b=1#h:x] T7[c=1] A7 4:a=2 !7,2,3,2");
  const PartitionDigest other = digest_of("{0} zs[a=1] {1} zz[b=1#h:x] {4} P9s4[a=2]");
  CHECK(same_records(digest, other));
  CHECK(same_state(digest, other));
}

TEST_CASE("the state's digest depends on neither offsets nor times, the records' does") {
  const PartitionDigest digest = digest_of("{0} [a=1 b=1] a=2 c=~");
  const PartitionDigest other = digest_of("{100} b=1@7 d=~ {200} a=2");
  CHECK(same_state(digest, other));
  CHECK_FALSE(digest.records == other.records);
}

TEST_CASE("what lies where, is part of both") {
  CHECK_FALSE(digest_of("{0} ab=c").records == digest_of("{0} a=bc").records);
  CHECK_FALSE(digest_of("{0} ab=c").state == digest_of("{0} a=bc").state);
  CHECK_FALSE(digest_of("{0} a=1#h:x").state == digest_of("{0} a=1#h:~").state);
  CHECK_FALSE(digest_of("{0} a=1#h:x").state == digest_of("{0} a=1").state);
  CHECK_FALSE(digest_of("{0} a=1 b=2").state == digest_of("{0} a=2 b=1").state);
  CHECK_FALSE(digest_of("{0} -=x").records == digest_of("{0} ''=x").records);
  CHECK_FALSE(digest_of("{0} a=~").records == digest_of("{0} a=''").records);
  CHECK_FALSE(digest_of("{0} a=1@5").records == digest_of("{0} a=1@6").records);
}

TEST_CASE("a damaged partition has no digest") {
  LogBuilder log;
  log.segment(0).batch({{"a", "1"}}).batch({{"b", "1"}});
  CHECK(digest_folder(log.path()));
  log.flip_byte(1, 65);
  CHECK_FALSE(digest_folder(log.path()));
}

TEST_CASE("each flipped bit of a log changes its digest, or there is none; unless it is no record's") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=1#h:x]");
  const Path file = log.file(SegmentFileKind::log, 0);
  const PartitionDigest digest = *digest_folder(log.path());
  const ByteBuffer bytes = read_whole_file(file);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    CAPTURE(i);
    ByteBuffer flipped = bytes;
    flipped[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
    write_whole_file(file, flipped);
    const auto after = digest_folder(log.path());
    const bool is_leader_epoch = i / 8 >= 12 && i / 8 < 16;
    CHECK((after && same_records(*after, digest)) == is_leader_epoch);
  }
}

TEST_CASE("of random logs: rebatched they are the same, one altered byte makes them differ") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const LogModel log = random_round(seed).log;
    CAPTURE(print_notation(log));
    for (const Isolation isolation : {Isolation::read_committed, Isolation::read_uncommitted}) {
      const ReadableLog::Request request{.isolation = isolation};
      const PartitionDigest digest = digest_of(log, request);
      const PartitionDigest other = digest_of(rebatched(log, Codec::zstd), request);
      REQUIRE(same_records(digest, other));
      REQUIRE(same_state(digest, other));
    }
    LogModel altered = log;
    for (SegmentModel& segment : altered.segments) {
      for (BatchModel& batch : segment.batches) {
        if (batch.header.is_control() || batch.records.empty()) continue;
        BatchModel before = batch;
        batch.records.back().value = ByteBuffer{'?'};
        batch = make_batch(batch.header, batch.records);
        const ReadableLog::Request uncommitted{.isolation = Isolation::read_uncommitted};
        REQUIRE_FALSE(digest_of(altered, uncommitted).records == digest_of(log, uncommitted).records);
        batch = std::move(before);
      }
    }
  }
}

TEST_CASE("compaction leaves the state's digest as it was") {
  int compacted = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const RandomRound random = random_round(seed);
    LogBuilder log(random.log);
    const Path cleaned = log.path().parent_path() / "cleaned-0";
    const auto outcome = compact(posix_file_system(), {.partition = log.path(),
                                                       .output = cleaned,
                                                       .first_uncleanable = random.round.first_uncleanable,
                                                       .now_ms = random.round.now_ms});
    if (std::get_if<CompactionReport>(&outcome) == nullptr) continue;
    ++compacted;
    REQUIRE(same_state(*digest_folder(cleaned), *digest_folder(log.path())));
  }
  CHECK(compacted > 50);
}

TEST_CASE("a broker's partitions: all codecs the same, the state as before its cleaner ran") {
  const auto plain = digest_folder(kBroker / "cluster-a/codec-none-0");
  REQUIRE(plain);
  CHECK(plain->record_count == 594);
  for (const char* codec : {"gzip", "snappy", "lz4", "zstd"}) {
    const auto other = digest_folder(kBroker / "cluster-a" / fmt::format("codec-{}-0", codec));
    REQUIRE(other);
    CHECK(same_records(*plain, *other));
    CHECK(same_state(*plain, *other));
  }
  for (const auto& entry : std::filesystem::directory_iterator(kBroker / "compaction/0-before")) {
    const std::string folder = entry.path().filename().string();
    if (!folder.starts_with("kv")) continue;
    CAPTURE(folder);
    const auto before = digest_folder(entry.path());
    const auto after = digest_folder(kBroker / "compaction/1-first-round" / folder);
    REQUIRE(before);
    REQUIRE(after);
    CHECK(same_state(*before, *after));
    CHECK_FALSE(before->records == after->records);
  }
}

}  // namespace
}  // namespace kseg
