#include "tests/notation.h"

#include <doctest/doctest.h>

#include "tests/log_builder.h"
#include "tests/recorded_rounds.h"

namespace kseg {
namespace {

std::string again(std::string_view text) { return print_notation(log_of(text)); }

// Batches that the notation cannot say in full: what it leaves out is set to what it takes for granted.
BatchModel as_the_notation_has_it(const BatchModel& batch) {
  const RecordBatchHeader& source = batch.header;
  RecordBatchHeader like = source;
  like.partition_leader_epoch = std::max(source.partition_leader_epoch, 0);
  like.max_timestamp = batch.records.empty() ? source.last_offset().value : batch.records.front().timestamp_ms;
  if (!control_type(batch)) return make_batch(like, batch.records, source.delete_horizon_ms());
  return make_control_batch(source.base_offset, *control_type(batch), source.producer_id, source.producer_epoch,
                            like.partition_leader_epoch, source.delete_horizon_ms());
}

// Recorded folders that the model can hold. P9 has a damaged payload in a batch that Kafka never reads.
std::vector<RecordedRound> readable_rounds() {
  std::vector<RecordedRound> rounds;
  for (const char* file : {"cases.jsonl", "random.jsonl"}) {
    for (RecordedRound& round : recorded_rounds(file)) {
      const bool damaged = round.error || round.id == "P9/0";
      if (damaged || has_legacy_batches(round.before) || has_legacy_batches(round.after)) continue;
      rounds.push_back(std::move(round));
    }
  }
  return rounds;
}

bool is_index(std::string_view name) { return name.ends_with("index"); }

}  // namespace

TEST_CASE("a line of notation is printed as it was read") {
  for (const std::string_view text :
       {"{0} a=1 [b=2 . c=3] {4}", "{100} 102:[. .] z[a=1 b=2] zs[c=3] zl[d=4] zz[e=5]", "{0} -=x a=~ a='' ''=1",
        "{0} a=1@50 b=2@-1 [c=3@7#h:x#i:~#'':'' d=4]^1100+5", "{0} P5s10e1[a=1] T7[b=2 .] T7[.] C7 A7e1^900 M7[.] K0+2",
        "{0} a%20b=%00%FF z=1 zP5=2 P5=3 C7x=4 K0=5 C7=6", "{0} [a=1@9 b=2@9]& {2} !7,0,1,2 !8,-1,3,4 {5}",
        "{0} [a=1 .x2147483647] {2147483648}"}) {
    CHECK(again(text) == text);
  }
}

TEST_CASE("offsets run on from the segment's base, or from where a batch says it begins") {
  const LogModel log = log_of("{10 m5000} a=1 20:[b=2 . c=3] {30} d=4");
  REQUIRE(log.segments.size() == 2);
  CHECK(log.segments[0].mtime_ms == 5000);
  REQUIRE(log.segments[0].batches.size() == 2);
  CHECK(log.segments[0].batches[0].header.base_offset == Offset{10});
  CHECK(log.segments[0].batches[1].records[1].offset == Offset{22});
  CHECK(log.segments[0].next_offset() == Offset{23});
  CHECK(log.end_offset() == Offset{31});
}

TEST_CASE("append time comes from the first record and holds for all") {
  const LogModel log = log_of("{0} [a=1@90 b=2@70]&");
  const BatchModel& batch = log.segments[0].batches[0];
  CHECK(batch.header.timestamp_type() == TimestampType::log_append_time);
  CHECK(batch.header.max_timestamp == 90);
  CHECK(batch.records[1].timestamp_ms == 90);
}

TEST_CASE("text that is no log is refused with its place") {
  struct Wrong {
    std::string_view text;
    std::uint64_t position;
  };
  for (const Wrong& wrong : {Wrong{"a=1", 0}, {"{0", 2}, {"{0} a", 5}, {"{0} a=", 6}, {"{0} [a=1", 8}, {"{0} []", 6},
                             {"{0} a=1]", 7}, {"{0} a=%4", 8}, {"{0} a=%4x", 9}, {"{0} C7 !7,0,1", 13}, {"{0} a=1#h", 9},
                             {"{0} a=1^", 8}, {"{99999999999999999999}", 1}, {"{0} [.x2147483647 . .]", 22}}) {
    const auto log = parse_notation(wrong.text);
    CAPTURE(wrong.text);
    REQUIRE(!log);
    CHECK(log.error().code == DefectCode::bad_text);
    CHECK(log.error().position == Position{wrong.position});
  }
}

TEST_CASE("message formats 0 and 1 are recognised and not supported") {
  for (const std::string_view text : {"{0} v0/a=1", "{0} 5:v1z[a=1 b=2]", "{0} v1zl[a=1]"}) {
    CAPTURE(text);
    const auto log = parse_notation(text);
    REQUIRE(!log);
    CHECK(log.error().code == DefectCode::legacy_magic);
  }
  CHECK(parse_notation("{0} v1=3"));
}

TEST_CASE("text that cannot be appended changes nothing") {
  LogModel log = log_of("{0} a=1 {1} b=2");
  CHECK(append_notation("c=3 {oops", log));
  CHECK(print_notation(log) == "{0} a=1 {1} b=2");
  CHECK(!append_notation("c=3 {3}", log));
  CHECK(print_notation(log) == "{0} a=1 {1} b=2 c=3 {3}");
}

TEST_CASE("the builder's folder holds what was built") {
  LogBuilder log;
  log.segment(100).batch({{"k1", "v1"}, {"k2", std::nullopt}}).batch({{"k3", "v3"}}, Codec::lz4);
  const auto found = from_files(read_folder(log.path()));
  REQUIRE(found);
  CHECK(print_notation(*found) == "{100} [k1=v1 k2=~] zl[k3=v3]");

  log.append("{103} c=~^900");
  CHECK(print_notation(*from_files(read_folder(log.path()))) == "{100} [k1=v1 k2=~] zl[k3=v3] {103} c=~^900");
}

TEST_CASE("a byte the builder flips is that byte of that batch, and no other") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1 {1} b=2 c=3");
  const FolderFiles sound = read_folder(log.path());
  const std::string name = "00000000000000000001.log";
  const auto place = static_cast<std::size_t>(log.position_of(2).value) + 65;
  REQUIRE(place == 70 + 65);
  log.flip_byte(2, 65);

  FolderFiles damaged = read_folder(log.path());
  CHECK(damaged.at(name)[place] == static_cast<std::uint8_t>(~sound.at(name)[place]));
  damaged.at(name)[place] = sound.at(name)[place];
  CHECK(damaged == sound);
}

TEST_CASE("a log directory around the builder's folder names its end") {
  LogBuilder log = LogBuilder::from_notation("{5 m7000} a=1 b=2 {7}");
  log.in_log_dir("orders", 3, {.first_dirty = Offset{6}});
  CHECK(log.path().filename() == "orders-3");
  CHECK(as_text(read_whole_file(log.root() / "replication-offset-checkpoint")) == "0\n1\norders 3 7\n");
  CHECK(as_text(read_whole_file(log.root() / "cleaner-offset-checkpoint")) == "0\n1\norders 3 6\n");
  CHECK(std::filesystem::exists(log.root() / ".kafka_cleanshutdown"));
  const auto mtime = posix_file_system().info(log.file(SegmentFileKind::log, 5));
  REQUIRE(mtime);
  CHECK(mtime->mtime_ns == 7'000'000'000);
}

TEST_CASE("the snapshot holds what a broker knows of its producers") {
  const LogModel log = log_of("{0} P5s10e1[a=1 b=2] T7[c=3] T8[d=4] C8e1 M9[.]");
  const auto producers = replay_producers(log);
  REQUIRE(producers.size() == 4);
  CHECK(producers[0] == ProducerStateEntry{.producer_id = 5,
                                           .producer_epoch = 1,
                                           .last_sequence = 11,
                                           .last_offset = {1},
                                           .offset_delta = 1,
                                           .timestamp_ms = 1});
  CHECK(producers[1].current_txn_first_offset == Offset{2});
  CHECK(producers[2] == ProducerStateEntry{
                            .producer_id = 8, .producer_epoch = 1, .timestamp_ms = 4, .coordinator_epoch = 0});
  CHECK(producers[3] == ProducerStateEntry{.producer_id = 9});

  const FolderFiles files = to_files(log, {.expired_producers = {5, 9}});
  const auto kept = decode_producer_snapshot(files.at("00000000000000000006.snapshot"));
  REQUIRE(kept);
  CHECK(kept->size() == 2);
}

TEST_CASE("every recorded folder is printed as Kafka's classes read it") {
  for (const RecordedRound& round : readable_rounds()) {
    CAPTURE(round.id);
    const auto before = from_files(round.before);
    auto after = from_files(round.after);
    REQUIRE(before);
    REQUIRE(after);
    // In I15 a header's key is not UTF-8: a Java string cannot hold it, the model can.
    if (round.id != "I15/0") CHECK(print_notation(*before) == round.notation_before);
    mark_rebuilt(*before, *after);
    CHECK(print_notation(*after) == round.notation_after);
  }
}

TEST_CASE("a folder made from the notation is the folder Kafka made") {
  for (const RecordedRound& round : readable_rounds()) {
    CAPTURE(round.id);
    const auto recorded = from_files(round.before);
    REQUIRE(recorded);
    const LogModel log = log_of(print_notation(*recorded));
    REQUIRE(log.segments.size() == recorded->segments.size());
    bool all_said = true;
    for (std::size_t s = 0; s < log.segments.size(); ++s) {
      const auto& batches = recorded->segments[s].batches;
      REQUIRE(log.segments[s].batches.size() == batches.size());
      for (std::size_t b = 0; b < batches.size(); ++b) {
        CAPTURE(b);
        const BatchModel said = as_the_notation_has_it(batches[b]);
        CHECK(log.segments[s].batches[b].bytes == said.bytes);
        if (said.bytes != batches[b].bytes) all_said = false;
      }
    }
    if (!all_said) MESSAGE("SAID ", round.id, " ", round.recompressed, round.notation_before);

    const FolderOptions options{.index_interval_bytes = round.parameters.index_interval_bytes};
    const FolderFiles from_text = to_files(log, options);
    const FolderFiles from_bytes = to_files(*recorded, options);
    for (const auto& [name, bytes] : round.before) {
      if (!is_index(name) && !name.ends_with(".log")) continue;
      CAPTURE(name);
      if (all_said) CHECK(from_text.at(name) == bytes);
      CHECK(from_bytes.at(name) == bytes);
    }
  }
}

}  // namespace kseg
