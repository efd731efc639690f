#include "cli/dump.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/dump_lines.h"
#include "tests/support/log_builder.h"

namespace kseg {
namespace {

std::vector<std::int64_t> offsets(const Dumped& dumped) {
  std::vector<std::int64_t> found;
  for (const auto& record : dumped.of_type("record"))
    found.push_back(record.at("offset").get<std::int64_t>());
  return found;
}

std::vector<std::int64_t> bases(const Dumped& dumped) {
  std::vector<std::int64_t> found;
  for (const auto& batch : dumped.of_type("batch"))
    found.push_back(batch.at("base_offset").get<std::int64_t>());
  return found;
}

using Offsets = std::vector<std::int64_t>;

LogBuilder three_batches() {
  return LogBuilder::from_notation("{100} [k1=v1 k2=v2] k3=v3 k4=~");
}

TEST_CASE("a batch is followed by its records, and the summary is last") {
  LogBuilder log = three_batches();

  const Dumped dumped = dump_json({.targets = {log.path()}, .logs_only = true});

  CHECK(dumped.status == ExitStatus::done);
  Offsets order;
  for (const auto& line : dumped.lines) {
    CHECK(line.begin().key() == "type");
    if (line.at("type") == "batch") order.push_back(-line.at("base_offset").get<std::int64_t>());
    if (line.at("type") == "record") order.push_back(line.at("offset").get<std::int64_t>());
  }
  CHECK(order == Offsets{-100, 100, 101, -102, 102, -103, 103});
  CHECK(dumped.summary().dump() == R"({"type":"summary","batches":3,"records":4,"entries":0,"defects":0})");
  CHECK(dumped.notes.empty());
}

TEST_CASE("a record's line says all there is to it") {
  LogBuilder log = LogBuilder::from_notation("{5} P7s10e2[k=v@50#h:x#i:~]+3");

  const Dumped dumped = dump_json({.targets = {log.path()}, .logs_only = true});

  REQUIRE(dumped.lines.size() == 3);
  CHECK(dumped.lines[1].dump() ==
        R"({"type":"record","partition":"t-0","offset":5,"timestamp":50,"timestamp_type":"CreateTime",)"
        R"("key":"k","value":"v","headers":[{"key":"h","value":"x"},{"key":"i","value":null}],)"
        R"("producer_id":7,"producer_epoch":2,"sequence":10,"leader_epoch":3,"transactional":false,)"
        R"("control":null})");
}

TEST_CASE("sequences go on from the batch's and wrap") {
  LogBuilder log = LogBuilder::from_notation("{0} P7s2147483646[a=1 b=2 c=3]");

  const Dumped dumped = dump_json({.targets = {log.path()}, .logs_only = true});

  Offsets sequences;
  for (const auto& record : dumped.of_type("record"))
    sequences.push_back(record.at("sequence").get<std::int64_t>());
  CHECK(sequences == Offsets{2147483646, 2147483647, 0});
  CHECK(dumped.lines[0].at("last_sequence") == 0);
}

TEST_CASE("a marker tells its type and its coordinator's epoch") {
  LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] A7 T7[b=2] C7");

  const Dumped dumped = dump_json({.targets = {log.path()}, .logs_only = true});

  const auto records = dumped.of_type("record");
  REQUIRE(records.size() == 4);
  CHECK(records[0].at("control").is_null());
  CHECK(records[1].at("control").at("type") == "ABORT");
  CHECK(records[3].at("control").at("type") == "COMMIT");
  CHECK(records[3].at("control").at("coordinator_epoch").is_number());
}

TEST_CASE("--offset cuts records, and batches that hold none of them are left out") {
  LogBuilder log = three_batches();
  log.segment(104).batch({{"k5", "v5"}});
  const auto range = [&](std::int64_t begin, std::int64_t end) {
    return dump_json({.targets = {log.path()}, .selection = {.offsets = OffsetRange{{begin}, {end}}}});
  };

  CHECK(offsets(range(101, 103)) == Offsets{101, 102});
  CHECK(bases(range(101, 103)) == Offsets{100, 102});
  CHECK(offsets(range(103, 200)) == Offsets{103, 104});
  CHECK(offsets(range(0, 101)) == Offsets{100});
  CHECK(offsets(range(104, 105)) == Offsets{104});
  CHECK(offsets(range(200, 300)).empty());
  CHECK(range(102, 102).lines.size() == 1);
  CHECK(range(101, 103).of_type("offset_index_entry").empty());
}

TEST_CASE("a batch without a record that is wanted is not shown, nor is its file") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=1 b=2] [b=3] {3} b=4 {4} a=5");
  DumpOptions options{.targets = {log.path()}};
  options.selection.keys = {"a"};

  const Dumped dumped = dump_json(options);
  CHECK(offsets(dumped) == Offsets{0, 4});
  CHECK(bases(dumped) == Offsets{0, 4});
  CHECK(dumped.summary().dump() == R"({"type":"summary","batches":2,"records":2,"entries":0,"defects":0})");
  CHECK(dump_text(options).answers.find("00000000000000000003.log") == std::string::npos);

  options.selection.keys = {"nobody"};
  CHECK(dump_json(options).lines.size() == 1);
}

TEST_CASE("damage is told whatever is selected") {
  LogBuilder log = three_batches();
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);
  DumpOptions options{.targets = {log.path()}};
  options.selection.keys = {"k4"};

  const Dumped dumped = dump_json(options);
  CHECK(dumped.status == ExitStatus::no);
  CHECK(offsets(dumped) == Offsets{103});
  CHECK(dumped.of_type("defect").size() == 1);
}

TEST_CASE("producer, control and time select records, and --limit and --tail count what is left") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1@10 T7[b=2@50 c=3@20] C7 P8[d=4@40] {5} e=5@30");
  const auto shown = [&](DumpOptions options) {
    options.targets = {log.path()};
    return offsets(dump_json(options));
  };
  CHECK(shown({.selection = {.producer_id = 7}}) == Offsets{1, 2, 3});
  CHECK(shown({.selection = {.control_only = true}}) == Offsets{3});
  CHECK(shown({.selection = {.times = TimeRange{20, 41}}}) == Offsets{2, 4, 5});
  CHECK(shown({.selection = {.times = TimeRange{20, 41}}, .limit = 2}) == Offsets{2, 4});
  CHECK(shown({.selection = {.times = TimeRange{20, 41}}, .tail = 2}) == Offsets{4, 5});
  CHECK(shown({.selection = {.times = TimeRange{20, 41}}, .limit = 1, .tail = 2}) == Offsets{4});
  CHECK(shown({.selection = {.offsets = OffsetRange{{0}, {3}}}, .tail = 1}) == Offsets{2});
  CHECK(bases(dump_json({.targets = {log.path()}, .batches = true, .tail = 2})) == Offsets{4, 5});
}

TEST_CASE("a time index that is wrong is told and hides nothing") {
  LogBuilder log = LogBuilder::from_notation("{0} a=1@10 b=2@20 c=3@30");
  log.options({.index_interval_bytes = 0});
  const Path index = log.file(SegmentFileKind::time_index, 0);
  ByteBuffer bytes = read_whole_file(index);
  REQUIRE(bytes.size() == 24);
  bytes[19] = 25;  // the last entry says 25 for 30
  write_whole_file(index, bytes);

  const DumpOptions options{.targets = {log.path()}, .selection = {.times = TimeRange{.begin_ms = 26}}};
  const Dumped dumped = dump_json(options);
  CHECK(dumped.status == ExitStatus::done);
  CHECK(offsets(dumped) == Offsets{2});
  REQUIRE(dumped.of_type("note").size() == 1);
  CHECK(dumped.of_type("note")[0].at("file") == index.string());
  CHECK(dumped.of_type("note")[0].at("position") == 12);
}

TEST_CASE("values are shown in the form that was asked for") {
  LogBuilder log = LogBuilder::from_notation("{0} [a=%ffx b=%7f%c2%85 c=~ d='']");
  const auto values = [&](ValueForm form, std::string_view member) {
    std::string all;
    for (const auto& record :
         dump_json({.targets = {log.path()}, .logs_only = true, .values = form}).of_type("record")) {
      CHECK(record.contains(member));
      all += record.at(std::string(member)).dump() + " ";
    }
    return all;
  };
  CHECK(values(ValueForm::automatic, "value") == "{\"base64\":\"/3g=\"} \"\x7f\xc2\x85\" null \"\" ");
  CHECK(values(ValueForm::none, "value_bytes") == "2 3 null 0 ");
  CHECK(values(ValueForm::hex, "value") == R"({"hex":"ff78"} {"hex":"7fc285"} null {"hex":""} )");
  CHECK(values(ValueForm::base64, "value") == R"({"base64":"/3g="} {"base64":"f8KF"} null {"base64":""} )");
  CHECK(values(ValueForm::utf8, "value") == "\"\xef\xbf\xbdx\" \"\x7f\xc2\x85\" null \"\" ");

  const auto text = [&](ValueForm form) {
    std::string all;
    const Dumped dumped = dump_text({.targets = {log.path()}, .logs_only = true, .values = form});
    for (std::size_t at = 0; (at = dumped.answers.find("\": ", at)) != std::string::npos; ++at)
      all += dumped.answers.substr(at + 3, dumped.answers.find('\n', at) - at - 3) + " ";
    return all;
  };
  CHECK(text(ValueForm::none) == "2 bytes 3 bytes null 0 bytes ");
  CHECK(text(ValueForm::hex) == "0xff78 0x7fc285 null 0x ");
  CHECK(text(ValueForm::base64) == "/3g= f8KF null  ");
  CHECK(text(ValueForm::utf8) == "\"\xef\xbf\xbdx\" \"\\u007f\\u0085\" null \"\" ");
}

TEST_CASE("--limit counts records, with --batches batches, over all targets") {
  LogBuilder log = three_batches();
  LogBuilder other = three_batches();

  CHECK(offsets(dump_json({.targets = {log.path()}, .limit = 1})) == Offsets{100});
  CHECK(offsets(dump_json({.targets = {log.path(), other.path()}, .limit = 5})) ==
        Offsets{100, 101, 102, 103, 100});
  CHECK(bases(dump_json({.targets = {log.path()}, .batches = true, .limit = 2})) == Offsets{100, 102});
  CHECK(dump_json({.targets = {log.path()}, .limit = 0}).lines.size() == 1);
}

TEST_CASE("--batches looks at headers only, so the crc is neither right nor wrong") {
  LogBuilder log = three_batches();
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);

  const Dumped dumped = dump_json({.targets = {log.path()}, .batches = true});

  CHECK(dumped.status == ExitStatus::done);
  CHECK(bases(dumped) == Offsets{100, 102, 103});
  CHECK(offsets(dumped).empty());
  for (const auto& batch : dumped.of_type("batch")) CHECK(batch.at("valid").is_null());
}

TEST_CASE("a flipped byte is a defect at its batch, and dump goes on behind it") {
  LogBuilder log = three_batches();
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);

  const Dumped dumped = dump_json({.targets = {log.path()}, .logs_only = true});

  CHECK(dumped.status == ExitStatus::no);
  CHECK(offsets(dumped) == Offsets{100, 101, 103});
  const auto batches = dumped.of_type("batch");
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].at("valid") == true);
  CHECK(batches[1].at("valid") == false);
  const auto defects = dumped.of_type("defect");
  REQUIRE(defects.size() == 1);
  CHECK(defects[0].at("code") == "crc_mismatch");
  CHECK(defects[0].at("position") == log.position_of(1).value);
  CHECK(defects[0].at("offset") == 102);
  CHECK(dumped.summary().at("defects") == 1);
}

TEST_CASE("a batch whose crc is right and whose records are not is a defect with its place in the file") {
  LogBuilder log = three_batches();
  const Path file = log.file(SegmentFileKind::log, 100);
  ByteBuffer bytes = read_whole_file(file);
  const auto second = static_cast<std::size_t>(log.position_of(1).value);
  bytes[second + RecordBatchHeader::kSize] = 2;  // the record's length: 1 byte
  ByteBuffer batch(bytes.begin() + static_cast<std::ptrdiff_t>(second),
                   bytes.begin() + static_cast<std::ptrdiff_t>(log.position_of(2).value));
  seal_batch(batch, 0);
  std::copy(batch.begin(), batch.end(), bytes.begin() + static_cast<std::ptrdiff_t>(second));
  write_whole_file(file, bytes);

  const Dumped dumped = dump_json({.targets = {file}});

  CHECK(dumped.status == ExitStatus::no);
  CHECK(offsets(dumped) == Offsets{100, 101, 103});
  const auto defects = dumped.of_type("defect");
  REQUIRE(defects.size() == 1);
  CHECK(defects[0].at("position") == second + RecordBatchHeader::kSize);
  CHECK(defects[0].at("offset") == 102);
}

TEST_CASE("a damaged stream in a compressed batch is a defect, not the end") {
  LogBuilder log;
  log.segment(0).batch({{"a", "1"}, {"b", "2"}}, Codec::zstd).batch({{"c", "3"}});
  const Path file = log.file(SegmentFileKind::log, 0);
  ByteBuffer bytes = read_whole_file(file);
  bytes[RecordBatchHeader::kSize] ^= 0xff;  // zstd's magic number
  ByteBuffer first(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(log.position_of(1).value));
  seal_batch(first, 0);
  std::copy(first.begin(), first.end(), bytes.begin());
  write_whole_file(file, bytes);

  const Dumped dumped = dump_json({.targets = {file}});

  CHECK(dumped.status == ExitStatus::no);
  CHECK(offsets(dumped) == Offsets{2});
  REQUIRE(dumped.of_type("defect").size() == 1);
  CHECK(dumped.of_type("defect")[0].at("code") == "bad_compression");
}

TEST_CASE("text has a line a batch and an indented line a record, defects go to the other stream") {
  LogBuilder log = three_batches();
  log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);
  const std::string file = log.file(SegmentFileKind::log, 100).string();

  const Dumped dumped = dump_text({.targets = {file}});

  CHECK(dumped.status == ExitStatus::no);
  CHECK(dumped.answers.starts_with(file + "\nbatch 100..101 "));
  CHECK(dumped.answers.find("\n         101  1970-01-01T00:00:00.101Z  \"k2\": \"v2\"\n") !=
        std::string::npos);
  CHECK(dumped.answers.find(" WRONG\n") != std::string::npos);
  CHECK(dumped.answers.find(": null\n") != std::string::npos);
  CHECK(dumped.answers.ends_with("\n3 batches, 3 records, 1 defect\n"));
  CHECK(dumped.notes.starts_with(
      fmt::format("{}: position {}, offset 102: crc_mismatch: expected ", file, log.position_of(1))));
}

TEST_CASE("text shows bytes that are no text in hexadecimal and cuts long values") {
  LogBuilder log;
  log.batch({{"\xff\x01", "\x1b[31m"}, {"long", std::string(1000, 'x')}, {"\x7f", ""}});

  const Dumped dumped = dump_text({.targets = {log.path()}, .logs_only = true});

  CHECK(dumped.answers.find("0xff01: \"\\u001b[31m\"\n") != std::string::npos);
  CHECK(dumped.answers.find("xxx\"… (1000 bytes)\n") != std::string::npos);
  CHECK(dumped.answers.find("0x7f: \"\"\n") != std::string::npos);
}

TEST_CASE("a partition folder shows its side files too, unless only logs are asked for") {
  LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] A7 !7,0,1,1");
  log.options({.index_interval_bytes = 0, .partition_metadata = true});

  const Dumped all = dump_json({.targets = {log.path()}});
  CHECK(all.status == ExitStatus::done);
  CHECK(all.of_type("offset_index_entry").size() == 1);
  CHECK_FALSE(all.of_type("time_index_entry").empty());
  CHECK(all.of_type("aborted_txn").size() == 1);
  CHECK(all.of_type("producer").size() == 1);
  CHECK(all.of_type("partition_metadata").size() == 1);
  CHECK(all.summary().at("entries") == all.lines.size() - 2 - 2 - 1);  // batches, records, summary

  const Dumped logs = dump_json({.targets = {log.path()}, .logs_only = true});
  CHECK(logs.lines.size() == 5);
}

TEST_CASE("side files can be named one by one, and each tells its own damage") {
  LogBuilder log = LogBuilder::from_notation("{0} T7[a=1] A7 T7[b=2] A7 !7,0,1,1 !7,2,3,3");
  log.options({.index_interval_bytes = 0});

  struct Example {
    SegmentFileKind kind;
    std::int64_t offset;
    std::string type;
    std::size_t damage_at;
    std::string code;
  };
  const std::vector<Example> examples{
      {SegmentFileKind::offset_index, 0, "offset_index_entry", 8, "index_offset"},
      {SegmentFileKind::time_index, 0, "time_index_entry", 12, "index_order"},
      {SegmentFileKind::transaction_index, 0, "aborted_txn", 34, "unknown_version"},
      {SegmentFileKind::producer_snapshot, 4, "producer", 12, "crc_mismatch"},
  };
  for (const Example& example : examples) {
    const Path file = log.file(example.kind, example.offset);
    CAPTURE(file.string());

    const Dumped sound = dump_json({.targets = {file}});
    CHECK(sound.status == ExitStatus::done);
    CHECK_FALSE(sound.of_type(example.type).empty());
    CHECK(sound.of_type(example.type)[0].at("file") == file.string());

    ByteBuffer bytes = read_whole_file(file);
    bytes.at(example.damage_at) = 0x80;
    write_whole_file(file, bytes);
    const Dumped damaged = dump_json({.targets = {file}});
    CHECK(damaged.status == ExitStatus::no);
    REQUIRE(damaged.of_type("defect").size() == 1);
    CHECK(damaged.of_type("defect")[0].at("code") == example.code);
  }
}

TEST_CASE("a log directory shows its checkpoints, and says which folders it leaves out") {
  LogBuilder log = three_batches();
  log.in_log_dir("orders", 3, {.first_dirty = Offset{102}});
  const Path root = log.root();
  const Path deleted = root / "gone-0.0123456789abcdef0123456789abcdef-delete";
  std::filesystem::create_directory(deleted);

  const Dumped dumped = dump_json({.targets = {root}});

  CHECK(dumped.status == ExitStatus::done);
  CHECK(offsets(dumped) == Offsets{100, 101, 102, 103});
  CHECK(dumped.of_type("record")[0].at("partition") == "orders-3");
  CHECK(dumped.of_type("meta_properties").size() == 1);
  bool found = false;
  for (const auto& entry : dumped.of_type("checkpoint_entry")) {
    if (!entry.at("file").get<std::string>().ends_with("cleaner-offset-checkpoint")) continue;
    found = true;
    CHECK(entry.at("topic") == "orders");
    CHECK(entry.at("partition") == 3);
    CHECK(entry.at("offset") == 102);
  }
  CHECK(found);
  CHECK(dumped.notes == deleted.string() + ": left out; name it to dump it\n");
}

TEST_CASE("a file that no log directory holds is an error of usage, before anything is dumped") {
  LogBuilder log = three_batches();
  const Path stranger = log.path() / "notes.txt";
  write_whole_file(stranger, as_bytes("hello"));

  const Dumped dumped = dump_text({.targets = {log.path(), stranger}});

  CHECK(dumped.status == ExitStatus::usage);
  CHECK(dumped.answers.empty());
  CHECK(dumped.notes.starts_with(stranger.string() + ": "));
}

TEST_CASE("a file that is not there is an error of the system") {
  CHECK_THROWS_AS(dump_text({.targets = {"/nowhere/00000000000000000000.log"}}), IoError);
}

}  // namespace
}  // namespace kseg
