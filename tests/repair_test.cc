// A repair keeps what is sound, takes out no more than what is not, and says what was lost.
#include "lib/repair.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "formats/record_batch_builder.h"
#include "lib/partition_reader.h"
#include "tests/power_cuts.h"
#include "tests/refusals.h"
#include "tests/support/collected_report.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/load.h"
#include "tests/support/log_builder.h"
#include "tests/support/random_damage.h"

namespace kseg {
namespace {

constexpr std::int64_t kNowMs = 100'000;
const Path kBroker = Path(KSEG_TEST_DATA) / "broker";

RepairRequest request(const Path& partition) {
  return {.partition = partition, .now_ms = kNowMs};
}

Repair plan(const RepairRequest& request, FileSystem& files = posix_file_system()) {
  auto planned = Repair::plan(files, request);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) FAIL("refused: ", refusal->reason);
  return std::move(std::get<Repair>(planned));
}

Refusal refusal(const RepairRequest& request) {
  const FolderFiles before = read_folder(request.partition);
  auto planned = Repair::plan(posix_file_system(), request);
  REQUIRE(std::holds_alternative<Refusal>(planned));
  CHECK(read_folder(request.partition) == before);
  return std::get<Refusal>(planned);
}

// "100+33: 4..5: crc_mismatch" a cut: position, bytes, offsets.
std::string cuts(const Repair& repair) {
  std::string text;
  for (const Repair::Cut& cut : repair.cuts()) {
    if (!text.empty()) text += "; ";
    const OffsetRange& offsets = cut.range.offsets;
    text += fmt::format("{}+{}: {}..", cut.range.begin, cut.range.size_bytes(), offsets.begin);
    if (offsets.end != OffsetRange{}.end) text += fmt::format("{}", offsets.end - 1);
    text += fmt::format(": {}", name(cut.range.defect.code));
  }
  return text;
}

LogModel model_of(const Path& folder) {
  auto model = from_files(read_folder(folder));
  if (!model) FAIL(folder.string(), ": ", describe(model.error()));
  return *model;
}

// Offsets of the records, ascending.
std::string offsets(const Path& folder) {
  std::string text;
  for (const SegmentModel& segment : model_of(folder).segments) {
    for (const BatchModel& batch : segment.batches) {
      for (const RecordModel& record : batch.records) text += fmt::format("{} ", record.offset);
    }
  }
  return text;
}

void expect_sound(const Path& folder) {
  CHECK(verify_folder(folder).defects.empty());
  load_as_broker(posix_file_system(), folder);
}

// Copies of a damaged log: what a repair of one makes of it is what all repairs make of it.
struct Damaged {
  LogBuilder log;
  TemporaryFolder folder;

  explicit Damaged(std::string_view notation) : log(LogBuilder::from_notation(notation)) {
    log.options({.snapshots_of_segments = true});
  }
  Path repaired() const { return folder.path() / "t-0"; }
  Repair repair(bool salvage = false) {
    RepairRequest asked = request(log.path());
    asked.output = repaired();
    asked.salvage = salvage;
    Repair repair = plan(asked);
    if (const auto refusal = repair.carry_out()) FAIL("refused: ", refusal->reason);
    return repair;
  }
};

TEST_CASE("a repair of a sound log changes nothing") {
  Damaged sample("{0} [a=1 b=1] c=1 T7[d=1] A7 !7,3,4,5 {5} a=2 e=~ {7} b=3");
  const Repair repair = sample.repair();
  CHECK(cuts(repair) == "");
  FolderFiles before = read_folder(sample.log.path());
  FolderFiles after = read_folder(sample.repaired());
  // The builder's is empty, a broker's is not.
  CHECK(before.erase(std::string(kLeaderEpochCheckpoint)) == 1);
  CHECK(after.erase(std::string(kLeaderEpochCheckpoint)) == 1);
  CHECK(after == before);
}

TEST_CASE("the damaged batch goes, what stands around it stays") {
  Damaged sample("{0} [a=1 b=1] [c=1 d=1] [e=1 f=1] {6} g=1 h=1");
  sample.log.flip_byte(1, 70);
  const Repair repair = sample.repair();
  const Position second = sample.log.position_of(1);
  CHECK(cuts(repair) == fmt::format("{}+{}: 2..3: crc_mismatch", second, sample.log.position_of(2) - second));
  CHECK(offsets(sample.repaired()) == "0 1 4 5 6 7 ");
  expect_sound(std::filesystem::path(sample.repaired()));
}

TEST_CASE("what was cut is kept, byte for byte, beside the log or in a quarantine") {
  Damaged sample("{0} [a=1 b=1] [c=1 d=1] e=1");
  sample.log.flip_byte(1, 70);
  const ByteBuffer log = read_whole_file(sample.log.file(SegmentFileKind::log, 0));
  const auto begin = static_cast<std::size_t>(sample.log.position_of(1).value);
  const auto end = static_cast<std::size_t>(sample.log.position_of(2).value);
  const ByteBuffer damaged(log.begin() + static_cast<std::ptrdiff_t>(begin),
                           log.begin() + static_cast<std::ptrdiff_t>(end));
  const std::string name = fmt::format("cut-00000000000000000000.log-{}", begin);
  SUBCASE("beside") {
    const Repair repair = sample.repair();
    REQUIRE(repair.kept().size() == 1);
    CHECK(repair.kept()[0] == sample.repaired() / name);
    CHECK(read_whole_file(repair.kept()[0]) == damaged);
  }
  SUBCASE("in a quarantine, which is made") {
    const Path quarantine = sample.folder.path() / "quarantine";
    RepairRequest asked = request(sample.log.path());
    asked.quarantine = quarantine;
    Repair repair = plan(asked);
    CHECK_FALSE(repair.carry_out());
    CHECK(read_whole_file(quarantine / "t-0" / name) == damaged);
    CHECK_FALSE(std::filesystem::exists(sample.log.path() / name));
  }
}

TEST_CASE("in place and to a folder the same comes out, and in place the mark of a clean stop is back") {
  Damaged sample("{0} [a=1 b=1] [c=1 d=1] T7[e=1] A7 !7,4,5,6 {6} g=1 T7[h=1] C7 {9} [i=1 j=1] k=1");
  sample.log.flip_byte(1, 70).flip_byte(6, 66);
  sample.log.in_log_dir("t", 0);
  sample.repair();
  Repair repair = plan(request(sample.log.path()));
  const Path mark = sample.log.root() / kCleanShutdownFile;
  REQUIRE(std::filesystem::exists(mark));
  const ByteBuffer content = read_whole_file(mark);
  CHECK_FALSE(repair.carry_out());
  CHECK(read_folder(sample.log.path()) == read_folder(sample.repaired()));
  CHECK(read_whole_file(mark) == content);
  expect_sound(sample.repaired());
  CHECK(cuts(plan(request(sample.log.path()))) == "");
}

TEST_CASE("offsets decide where a crc does not reach") {
  // Byte 7 of a batch is the lowest of its base offset.
  SUBCASE("too low: it goes alone") {
    Damaged sample("{0} a=1 b=1 c=1 d=1 {4} e=1");
    sample.log.flip_byte(2, 0);  // negative
    CHECK(cuts(sample.repair()).ends_with(": 2..2: record_offset"));
    CHECK(offsets(sample.repaired()) == "0 1 3 4 ");
  }
  SUBCASE("too high for the batches behind: it goes, they stay") {
    Damaged sample("{0} a=1 b=1 c=1 d=1 e=1 f=1 {300} e=1");
    sample.log.flip_byte(1, 7);  // 1 becomes 254
    CHECK(cuts(sample.repair()).ends_with(": 1..1: offset_order"));
    CHECK(offsets(sample.repaired()) == "0 2 3 4 5 300 ");
  }
  SUBCASE("too high, and damage behind it: the search goes on below") {
    Damaged sample("{0} a=1 b=1 c=1 d=1 e=1 f=1 {300} e=1");
    sample.log.flip_byte(1, 7).flip_byte(3, 20);
    sample.repair();
    CHECK(offsets(sample.repaired()) == "0 2 4 5 300 ");
  }
  SUBCASE("too high, and damage right behind it") {
    Damaged sample("{0} a=1 b=1 c=1 d=1 e=1 f=1 {300} e=1");
    sample.log.flip_byte(1, 7).flip_byte(2, 20);
    sample.repair();
    CHECK(offsets(sample.repaired()) == "0 3 4 5 300 ");
  }
  SUBCASE("above what an index holds") {
    Damaged sample("{0} a=1 b=1 c=1");
    sample.log.flip_byte(2, 3);
    sample.repair();
    CHECK(offsets(sample.repaired()) == "0 1 ");
  }
  SUBCASE("above the next segment's base: the last batch of a segment goes") {
    Damaged sample("{0} a=1 b=1 c=1 {3} d=1");
    sample.log.flip_byte(2, 7);  // 2 becomes 253
    CHECK(cuts(sample.repair()).ends_with(": 2..2: offset_order"));
    CHECK(offsets(sample.repaired()) == "0 1 3 ");
  }
}

TEST_CASE("a header that lost bytes costs its own batch, though the rest looks like a message of format 0") {
  TemporaryFolder folder;
  const Path partition = folder.path() / "t-0";
  FolderFiles files = read_folder(kBroker / "compaction/2-second-round/kv-append-time-0");
  ByteBuffer& log = files.at("00000000000000000350.log");
  const auto at = log.begin() + 15;
  log.erase(at, at + 7);
  write_folder(partition, files);
  CHECK(cuts(plan(request(partition))) == "0+664: 350..356: crc_mismatch");
}

TEST_CASE("a segment of which nothing is left stays as an empty one") {
  Damaged sample("{0} a=1 {1} [b=1 c=1] {3} d=1");
  sample.log.flip_byte(1, 70);
  CHECK(cuts(sample.repair()) ==
        fmt::format("0+{}: 1..2: crc_mismatch", sample.log.model().segments[1].size_bytes()));
  CHECK(offsets(sample.repaired()) == "0 3 ");
  load_as_broker(posix_file_system(), sample.repaired());
}

TEST_CASE("a torn tail goes, zeros without a copy") {
  Damaged sample("{0} a=1 [b=1 c=1]");
  const Path log = sample.log.file(SegmentFileKind::log, 0);
  SUBCASE("a piece of a batch") {
    std::filesystem::resize_file(log, sample.log.position_of(1).value + 30);
    const Repair repair = sample.repair();
    CHECK(cuts(repair) == fmt::format("{}+30: 1..: torn_tail", sample.log.position_of(1)));
    CHECK(std::filesystem::exists(repair.kept()[0]));
  }
  SUBCASE("zeros") {
    const auto size = std::filesystem::file_size(log);
    std::filesystem::resize_file(log, size + 100);
    const Repair repair = sample.repair();
    CHECK(cuts(repair) == fmt::format("{}+100: 3..: torn_tail", size));
    CHECK(repair.kept()[0].empty());
    CHECK(read_folder(sample.repaired()).size() == read_folder(sample.log.path()).size());
  }
  expect_sound(sample.repaired());
}

TEST_CASE("records of a damaged batch are kept if asked for, up to the damage") {
  Damaged sample("{0} a=1 [b=1 c=1 d=1] e=1");
  const auto in_second = [&](std::size_t record) {  // records of 9 bytes: the length of record `record`
    return RecordBatchHeader::kSize + 9 * record;
  };
  SUBCASE("the third is not a record") {
    sample.log.flip_byte(1, in_second(2));
    const Repair repair = sample.repair(true);
    CHECK(repair.cuts()[0].salvageable_records == 2);
    CHECK(offsets(sample.repaired()) == "0 1 2 4 ");
  }
  SUBCASE("only the crc is wrong") {
    sample.log.flip_byte(1, 17);
    CHECK(sample.repair(true).cuts()[0].salvageable_records == 3);
    CHECK(offsets(sample.repaired()) == "0 1 2 3 4 ");
  }
  SUBCASE("not asked for: told, not kept") {
    sample.log.flip_byte(1, 17);
    CHECK(sample.repair(false).cuts()[0].salvageable_records == 3);
    CHECK(offsets(sample.repaired()) == "0 4 ");
  }
  SUBCASE("of a control batch nothing") {
    Damaged other("{0} T7[a=1] C7 b=1");
    other.log.flip_byte(1, 17);
    CHECK(other.repair(true).cuts()[0].salvageable_records == 0);
  }
  SUBCASE("of a header that makes no sense nothing") {
    sample.log.flip_byte(1, 23);  // the last offset delta
    CHECK(sample.repair(true).cuts()[0].salvageable_records == 0);
  }
}

TEST_CASE("what is derived is made anew: indexes, snapshots, epochs") {
  Damaged sample("{0} [a=1 b=1] T7[c=1] A7 !7,2,3,4 {4} P5[e=1] f=1 {6} g=1");
  const FolderFiles sound = read_folder(sample.log.path());
  for (const auto& [name, bytes] : sound) {
    if (name.ends_with(".log")) continue;
    CAPTURE(name);
    SUBCASE(name.c_str()) {
      const Path file = sample.log.path() / name;
      FolderFiles files = sound;
      if (name.ends_with(".snapshot") || bytes.empty()) {
        files[name] = {1, 2, 3};
      } else {
        files[name][bytes.size() / 2] ^= 0xff;
      }
      std::filesystem::remove_all(sample.log.path());
      write_folder(sample.log.path(), files);
      Repair repair = plan(request(sample.log.path()));
      CHECK_FALSE(repair.carry_out());
      FolderFiles after = read_folder(sample.log.path());
      // Where it was readable, it is told from what belongs there, and else kept beside.
      std::erase_if(after, [](const auto& each) { return each.first.starts_with("cut-"); });
      for (const auto& [each, content] : sound) {
        if (each.ends_with(".log") || each.ends_with("index")) CHECK_MESSAGE(after[each] == content, each);
      }
      expect_sound(sample.log.path());
    }
  }
}

TEST_CASE("a segment with a wrong name is nothing to repair by guessing") {
  Damaged sample("{0} a=1 b=1 c=1 {3} d=1 e=1 f=1 {6} g=1");
  const auto rename = [&](std::int64_t from, std::int64_t to) {
    for (const auto kind :
         {SegmentFileKind::log, SegmentFileKind::offset_index, SegmentFileKind::time_index}) {
      std::filesystem::rename(sample.log.file(kind, from), sample.log.file(kind, to));
    }
  };
  SUBCASE("too high") {
    rename(3, 5);
  }
  SUBCASE("too low") {
    rename(6, 1);
  }
  SUBCASE("there twice") {
    std::filesystem::copy(sample.log.file(SegmentFileKind::log, 0), sample.log.file(SegmentFileKind::log, 1));
  }
  CHECK(refusal(request(sample.log.path()))
            .reason.ends_with("are not those that the segments' names leave it"));
}

TEST_CASE("what a repair refuses") {
  Damaged sample("{0} a=1 {1} b=1");
  RepairRequest asked = request(sample.log.path());
  SUBCASE("a swap that is not finished") {
    std::filesystem::copy(sample.log.file(SegmentFileKind::log, 0),
                          sample.log.file(SegmentFileKind::log, 0).string() + ".swap");
    CHECK(refusal(asked).reason.ends_with("an unfinished swap of a cleaning"));
  }
  SUBCASE("an output that is there") {
    asked.output = sample.folder.path();
    CHECK(refusal(asked).reason.ends_with("is there already"));
  }
  SUBCASE("an output in a log directory") {
    sample.log.in_log_dir("t", 0);
    asked.partition = sample.log.path();
    asked.output = sample.log.root() / "new";
    CHECK(refusal(asked).reason.ends_with("where a broker would not start beside it"));
  }
  SUBCASE("a quarantine in a log directory") {
    sample.log.in_log_dir("t", 0);
    asked.partition = sample.log.path();
    asked.quarantine = sample.log.root() / "quarantine";
    CHECK(refusal(asked).reason.ends_with("lies in a log directory"));
  }
}

TEST_CASE("a repair in place that dies at any operation loses nothing, and the next one completes it") {
  Damaged sample("{0} [a=1 b=1] [c=1 d=1] T7[e=1] A7 !7,4,5,6 {6} g=1 T7[h=1] C7 {9} [i=1 j=1] k=1");
  sample.log.flip_byte(1, 70).flip_byte(6, 66).in_log_dir("t", 0);
  sample.repair();
  const std::string kept = offsets(sample.repaired());
  const Path root = sample.folder.path() / "root";
  const Path partition = root / "t-0";
  const auto restore = [&] {
    std::filesystem::remove_all(root);
    std::filesystem::copy(sample.log.root(), root, std::filesystem::copy_options::recursive);
  };
  const auto run = [&](FileSystem& files) {
    Repair repair = plan(request(partition), files);
    CHECK_FALSE(repair.carry_out());
  };
  const auto judge = [&] {
    // A broker's start, or our own, finishes or throws away the swap.
    load_as_broker(posix_file_system(), partition);
    run(posix_file_system());
    CHECK(offsets(partition) == kept);
    CHECK(verify_folder(partition).defects.empty());
  };
  const auto die_at_every_operation = [&](bool half_way) {
    std::size_t operations = 0;
    for (bool stopped = true; stopped; ++operations) {
      CAPTURE(operations);
      restore();
      FaultyFileSystem files(posix_file_system());
      files.skip_syncs();
      half_way ? files.tear_at(operations) : files.stop_at(operations);
      stopped = false;
      try {
        run(files);
      } catch (const Stopped&) {
        stopped = true;
      }
      judge();
    }
    CHECK(operations > 30);
  };
  SUBCASE("by the death of the process") {
    die_at_every_operation(false);
  }
  SUBCASE("half-way through a write") {
    die_at_every_operation(true);
  }
  SUBCASE("that the system refuses") {
    Refusals{.what = "repair in place",
             .restore = restore,
             .run =
                 [&](FileSystem& files) {
                   auto planned = Repair::plan(files, request(partition));
                   if (auto* repair = std::get_if<Repair>(&planned)) repair->carry_out();
                 },
             .judge = [&](bool) { judge(); },
             .short_reads = false}
        .make_all();
  }
  SUBCASE("by a power cut") {
    restore();
    PowerCuts{.what = "repair in place", .root = root, .restore = restore, .run = run, .judge = judge}
        .make_all();
  }
}

// --- A thousand damaged logs of real brokers. By hand: KSEG_REPAIRS=1000.

struct Batch {
  Offset base;
  Offset last;
  ByteBuffer bytes;
};

std::map<std::string, std::vector<Batch>> batches_of(const FolderFiles& files) {
  std::map<std::string, std::vector<Batch>> batches;
  for (const auto& [name, bytes] : files) {
    if (!name.ends_with(".log")) continue;
    auto& of_segment = batches[name];
    for (std::size_t at = 0; at < bytes.size();) {
      const auto header = decode_record_batch_header(Bytes{bytes}.subspan(at));
      REQUIRE(header);
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      const auto size = static_cast<std::ptrdiff_t>(header->size_bytes());
      of_segment.push_back({header->base_offset, header->last_offset(), ByteBuffer(begin, begin + size)});
      at += header->size_bytes();
    }
  }
  return batches;
}

// The crc covers nothing before the magic.
bool same_but_for_place(const Batch& a, const Batch& b) {
  return a.bytes.size() == b.bytes.size() &&
         std::equal(a.bytes.begin() + 16, a.bytes.end(), b.bytes.begin() + 16);
}

std::optional<std::size_t> place_in(const ByteBuffer& log, const Batch& batch) {
  const auto at = std::search(log.begin(), log.end(), batch.bytes.begin(), batch.bytes.end());
  if (at == log.end()) return std::nullopt;
  return static_cast<std::size_t>(at - log.begin());
}

struct Outcome {
  std::uint64_t damaged = 0;    // logs
  std::uint64_t batches = 0;    // of these
  std::uint64_t lost = 0;       // damaged ones that are gone, and told
  std::uint64_t displaced = 0;  // kept, with an offset that nobody can tell to be wrong
};

void repair_at_random(const Path& source, Dice& dice, Outcome& outcome) {
  FolderFiles sound = read_folder(source);
  sound.erase("partition.metadata");  // nothing to derive it from
  FolderFiles damaged = sound;
  std::vector<std::string> what;
  for (std::int64_t left = dice.between(1, 4); left > 0; --left) what.push_back(damage(damaged, dice));
  CAPTURE(source.string());
  CAPTURE(fmt::format("{}", fmt::join(what, "; ")));
  TemporaryFolder folder;
  const Path partition = folder.path() / "t-0";
  write_folder(partition, damaged);
  RepairRequest asked = request(partition);
  asked.output = folder.path() / "repaired-0";
  auto planned = Repair::plan(posix_file_system(), asked);
  if (const auto* refusal = std::get_if<Refusal>(&planned)) FAIL(refusal->reason);
  Repair& repair = std::get<Repair>(planned);
  if (const auto refusal = repair.carry_out()) FAIL(refusal->reason);
  CHECK(verify_folder(*asked.output).defects.empty());
  ++outcome.damaged;

  const FolderFiles after = read_folder(*asked.output);
  const auto kept = batches_of(after);
  const auto originals = batches_of(sound);
  for (const auto& [segment, of_segment] : originals) {
    outcome.batches += of_segment.size();
    const auto& left = kept.at(segment);
    const auto stays_at = [&](const Batch& batch, bool in_place) {
      return std::any_of(left.begin(), left.end(), [&](const Batch& each) {
        return in_place ? each.bytes == batch.bytes : same_but_for_place(each, batch);
      });
    };
    // An offset that nobody can tell to be wrong makes those around it look wrong.
    const auto displaced_batches =
        std::count_if(of_segment.begin(), of_segment.end(),
                      [&](const Batch& batch) { return !stays_at(batch, true) && stays_at(batch, false); });
    const bool any_displaced = displaced_batches > 0;
    std::int64_t whole_and_lost = 0;
    // Whole batches that are gone without a trace are no gap that anybody can tell from others.
    const bool bytes_gone =
        std::any_of(what.begin(), what.end(), [&segment = segment](const std::string& each) {
          return each.starts_with(segment) &&
                 (each.find("missing") != each.npos || each.find("ends at") != each.npos);
        });
    for (const Batch& batch : of_segment) {
      CAPTURE(batch.base.value);
      const bool is_kept = stays_at(batch, true);
      const bool displaced = !is_kept && stays_at(batch, false);
      const ByteBuffer& log = damaged.at(segment);
      const auto at = place_in(log, batch);
      // Where a byte is missing between two batches, and is the same in both, only one can have the other.
      const bool shares_bytes =
          at && !is_kept && std::any_of(left.begin(), left.end(), [&](const Batch& each) {
            const auto other = place_in(log, each);
            return other && *other < *at && *at < *other + each.bytes.size();
          });
      const bool whole = at && !shares_bytes;
      if (whole && !is_kept) ++whole_and_lost;
      const bool told = std::any_of(repair.cuts().begin(), repair.cuts().end(), [&](const Repair::Cut& cut) {
        return cut.file.filename() == segment && cut.range.offsets.begin <= batch.base &&
               batch.last < cut.range.offsets.end;
      });
      if (told) CHECK_MESSAGE(!is_kept, "the report is wrong");
      if (!is_kept && !any_displaced && !bytes_gone) CHECK_MESSAGE(told, "a loss was not told");
      outcome.lost += told ? 1 : 0;
      outcome.displaced += displaced ? 1 : 0;
    }
    // Of two that contradict each other one stays, and it may be the wrong one.
    CHECK_MESSAGE(whole_and_lost <= displaced_batches, "a sound batch was lost");
    for (const Batch& each : left) {
      CHECK_MESSAGE(std::any_of(of_segment.begin(), of_segment.end(),
                                [&](const Batch& batch) { return same_but_for_place(each, batch); }),
                    "a batch that never was");
    }
  }
  CHECK(kept.size() == originals.size());
}

TEST_CASE("of logs of brokers that are damaged at random every sound batch stays") {
  const char* asked = std::getenv("KSEG_REPAIRS");
  const int repairs = asked != nullptr ? std::atoi(asked) : 60;
  std::vector<Path> sources;
  for (const Path root : {"compaction/0-before", "compaction/2-second-round", "cluster-a"}) {
    for (const auto& entry : std::filesystem::directory_iterator(kBroker / root)) {
      const bool is_log = entry.is_directory() && entry.path().filename() != "__cluster_metadata-0";
      if (is_log) sources.push_back(entry.path());
    }
  }
  std::sort(sources.begin(), sources.end());
  Outcome outcome;
  Dice dice(9);
  for (int i = 0; i < repairs; ++i) repair_at_random(dice.pick(sources), dice, outcome);
  MESSAGE(fmt::format("{} logs, {} batches: {} lost and told, {} displaced", outcome.damaged, outcome.batches,
                      outcome.lost, outcome.displaced));
  CHECK(outcome.lost > 0);
}

}  // namespace
}  // namespace kseg
