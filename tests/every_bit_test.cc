// Each bit of a log that holds every kind of batch and of file, flipped: verify tells it where it is, or the
// log is another sound one, which is shown for each bit; and a compaction refuses, or loses nothing.
//
// A seeded share of them; KSEG_EVERY_BIT=1 takes all of a log of 64 KiB, and prints the tables of
// docs/robustness.md.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <thread>

#include "formats/checkpoint_file.h"
#include "formats/meta_properties.h"
#include "formats/offset_index.h"
#include "formats/partition_metadata.h"
#include "formats/time_index.h"
#include "lib/against.h"
#include "lib/compaction.h"
#include "lib/log_check.h"
#include "tests/support/collected_report.h"
#include "tests/support/dice.h"
#include "tests/support/memory_file_system.h"
#include "tests/support/notation.h"

namespace kseg {
namespace {

const Path kRoot = "/data";
const Path kPartition = kRoot / "t-0";
const Path kFlipped = "/flipped/t-0";

// Formats 0 and 1, then format 2 with each codec, every kind of producer, marker and attribute, and gaps.
// Each $ is a value.
constexpr std::string_view kLog =
    "{0} v0/a=$ v0z[b=$ a=$] v0zs[c=$ d=$] v0zl[e=$ f=$] v1/a=$ v1z[b=$ c=$] v1zs[d=$ e=$] v1zl[f=$ a=$] "
    "{14} a=$ z[b=$ c=$] zs[d=$ e=$] zl[f=$ a=$] zz[b=$ c=$] P5[a=$ b=$] T7[c=$ d=~] T8[e=$] C7 A8 [.] "
    "a=$#h:x#i:~ b=$& T9[g=$] T6[h=$] A9 C6 40:a=~^50 44:-=$ !8,27,29,30 !9,33,35,34 "
    "{50} k=$+1 K0+1 a=~+1 T3[x=$]+1 A3+1 T4[y=$ z=$]+1 60:b=$+1 !3,53,54,55";
constexpr std::string_view kLeaderEpochs = "0\n2\n0 0\n1 50\n";
constexpr Offset kLogEnd{61};

std::string with_values(std::string_view notation, std::size_t size, Dice& dice) {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string text;
  for (const char letter : notation) {
    if (letter != '$') {
      text += letter;
      continue;
    }
    for (std::size_t i = 0; i < size; ++i)
      text += kLetters[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(kLetters.size())))];
  }
  return text;
}

// Some bytes of a file with one meaning.
struct Field {
  Path file;
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t whole_begin = 0;  // the batch, the entry, the text that they are of
  std::size_t whole_end = 0;
};

struct Batch {
  Offset base;
  Offset last;
  Position position;
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  bool transactional = false;
  bool marker = false;  // COMMIT or ABORT
};

struct SegmentBatches {
  Offset base;
  std::vector<Batch> batches;
};

class Log {
 public:
  explicit Log(std::size_t value_bytes) {
    Dice dice(1);
    model_ = log_of(with_values(kLog, value_bytes, dice));
    check(model_.end_offset() == kLogEnd, "the log's end");
    partition_ = to_files(
        model_, {.index_interval_bytes = 1, .partition_metadata = true, .snapshots_of_segments = true});
    put(partition_, kLeaderEpochCheckpoint, kLeaderEpochs);
    put(root_, "recovery-point-offset-checkpoint", fmt::format("0\n1\nt 0 {}\n", kLogEnd));
    put(root_, "replication-offset-checkpoint", fmt::format("0\n1\nt 0 {}\n", kLogEnd));
    put(root_, "log-start-offset-checkpoint", "0\n1\nt 0 12\n");
    put(root_, "cleaner-offset-checkpoint", "0\n1\nt 0 16\n");
    put(root_, kCleanShutdownFile, "");
    root_["meta.properties"] = read_whole_file(Path(KSEG_TEST_DATA) / "broker/cluster-a/meta.properties");

    for (const SegmentModel& segment : model_.segments) add_batches(segment);
    for (const auto& [name, bytes] : partition_) {
      if (!name.ends_with(".log")) add_side_file(kPartition / name, bytes.size());
    }
    for (const auto& [name, bytes] : root_) add_side_file(kRoot / name, bytes.size());
  }

  const LogModel& model() const { return model_; }
  const FolderFiles& partition() const { return partition_; }
  const FolderFiles& root() const { return root_; }
  const std::vector<Field>& fields() const { return fields_; }
  const std::vector<SegmentBatches>& segments() const { return segments_; }
  const ByteBuffer& bytes(const Path& file) const {
    return (file.parent_path() == kRoot ? root_ : partition_).at(file.filename());
  }
  std::size_t size_bytes() const {
    std::size_t sum = 0;
    for (const Field& field : fields_) sum += field.end - field.begin;
    return sum;
  }

 private:
  struct Part {
    const char* name;
    std::size_t size;
  };

  static void put(FolderFiles& files, std::string_view name, std::string_view text) {
    const Bytes bytes = as_bytes(text);
    files[std::string(name)].assign(bytes.begin(), bytes.end());
  }

  // The parts of one thing in a row; a size of 0 is what is left.
  void add(const Path& file, const std::string& kind, const std::vector<Part>& parts, std::size_t begin,
           std::size_t end) {
    std::size_t at = begin;
    for (const Part& part : parts) {
      const std::size_t next = part.size == 0 ? end : at + part.size;
      fields_.push_back({.file = file,
                         .name = kind + part.name,
                         .begin = at,
                         .end = next,
                         .whole_begin = begin,
                         .whole_end = end});
      at = next;
    }
    check(at == end, "all bytes have a meaning");
  }

  void add_batches(const SegmentModel& segment) {
    const Path file = kPartition / to_string(SegmentFileName{.offset = segment.base});
    SegmentBatches& known = segments_.emplace_back(SegmentBatches{.base = segment.base, .batches = {}});
    std::size_t begin = 0;
    for (const BatchModel& batch : segment.batches) {
      const RecordBatchHeader& header = batch.header;
      const auto control = control_type(batch);
      known.batches.push_back({.base = header.base_offset,
                               .last = header.last_offset(),
                               .position = {begin},
                               .max_timestamp = header.max_timestamp,
                               .producer_id = header.producer_id,
                               .transactional = header.is_transactional(),
                               .marker = control == ControlType::abort || control == ControlType::commit});
      const std::size_t end = begin + batch.bytes.size();
      if (header.is_legacy()) {
        add(file, fmt::format("message, format {}: ", header.magic),
            {{"offset", 8}, {"size", 4}, {"crc", 4}, {"all that the crc covers", 0}}, begin, end);
      } else {
        add(file, "batch: ",
            {{"baseOffset", 8},
             {"batchLength", 4},
             {"partitionLeaderEpoch", 4},
             {"magic", 1},
             {"crc", 4},
             {"all that the crc covers", 0}},
            begin, end);
      }
      begin = end;
    }
  }

  void add_side_file(const Path& file, std::size_t size) {
    const std::string extension = file.extension();
    const auto entries = [&](std::size_t entry, const std::vector<Part>& parts) {
      for (std::size_t at = 0; at < size; at += entry)
        add(file, "`" + extension + "`: ", parts, at, at + entry);
    };
    if (extension == ".index") return entries(OffsetIndexEntry::kSize, {{"offset", 4}, {"position", 4}});
    if (extension == ".timeindex") return entries(TimeIndexEntry::kSize, {{"timestamp", 8}, {"offset", 4}});
    if (extension == ".txnindex") {
      return entries(AbortedTxn::kSize, {{"version", 2},
                                         {"producerId", 8},
                                         {"firstOffset", 8},
                                         {"lastOffset", 8},
                                         {"lastStableOffset", 8}});
    }
    const std::string name = extension == ".snapshot" ? extension : file.filename().string();
    if (size > 0) add(file, "`" + name + "`", {{"", 0}}, 0, size);
  }

  LogModel model_;
  FolderFiles partition_;
  FolderFiles root_;
  std::vector<Field> fields_;
  std::vector<SegmentBatches> segments_;
};

Path beside(const Path& file, const char* extension) {
  return Path(file).replace_extension(extension);
}

// --- Why what is not told where it is may be so: each answers for one flipped bit, and asks the bytes. An
// empty answer is none.

// The offset of a batch, moved to where no batch is.
bool only_moves_a_gap(const Log& log, const Field& field, Bytes flipped) {
  std::optional<Offset> next_base;
  for (const SegmentBatches& segment : log.segments()) {
    if (to_string(SegmentFileName{.offset = segment.base}) != field.file.filename()) continue;
    const auto behind = std::find_if(log.segments().begin(), log.segments().end(),
                                     [&](const SegmentBatches& other) { return other.base > segment.base; });
    if (behind != log.segments().end()) next_base = behind->base;
    Offset least = segment.base;
    for (std::size_t i = 0, at = 0; i < segment.batches.size(); ++i) {
      const auto batch = decode_batch(flipped.subspan(at), {at});
      if (!batch || batch->header.base_offset < least) return false;
      least = batch->header.last_offset() + 1;
      if (next_base && least > *next_base) return false;
      at += batch->bytes.size();
    }
    return true;
  }
  return false;
}

// Every reader who asks for an offset still begins at or before the batch that holds it.
bool finds_every_offset(const SegmentBatches& segment, Bytes index) {
  const OffsetIndexView view(index, segment.base);
  const auto begins_at = [&](Position position) {
    return std::any_of(segment.batches.begin(), segment.batches.end(),
                       [&](const Batch& batch) { return batch.position == position; });
  };
  return std::all_of(segment.batches.begin(), segment.batches.end(), [&](const Batch& batch) {
    const Position from = view.lookup(batch.last).position;
    return from <= batch.position && begins_at(from);
  });
}

// Every reader who asks for a time finds the same batch.
bool finds_every_time(const SegmentBatches& segment, Bytes before, Bytes flipped) {
  std::set<std::int64_t> times;
  for (const Batch& batch : segment.batches)
    times.insert({batch.max_timestamp - 1, batch.max_timestamp, batch.max_timestamp + 1});
  const auto found = [&](Bytes index, std::int64_t time) {
    const Offset from = TimeIndexView(index, segment.base).lookup(time).offset;
    return std::find_if(segment.batches.begin(), segment.batches.end(), [&](const Batch& batch) {
      return batch.last >= from && batch.max_timestamp >= time;
    });
  };
  return std::all_of(times.begin(), times.end(),
                     [&](std::int64_t time) { return found(before, time) == found(flipped, time); });
}

// What a read_committed reader of [from, to) is shown, as brokers look transactions up and clients apply
// them.
std::vector<Offset> shown(const Log& log, const FolderFiles& files, Offset from, Offset to) {
  std::vector<AbortedTxn> aborted;
  bool complete = false;
  for (std::size_t i = 0; i < log.segments().size() && !complete; ++i) {
    const SegmentBatches& segment = log.segments()[i];
    if (i + 1 < log.segments().size() && log.segments()[i + 1].base <= from) continue;
    const auto file =
        files.find(to_string({.kind = SegmentFileKind::transaction_index, .offset = segment.base}));
    if (file == files.end()) continue;
    const auto entries = decode_transaction_index(file->second, segment.base);
    for (const AbortedTxn& entry : *entries) {
      if (entry.last_offset >= from && entry.first_offset < to) aborted.push_back(entry);
      if (entry.last_stable_offset < to) continue;
      complete = true;
      break;
    }
  }
  std::sort(aborted.begin(), aborted.end(),
            [](const AbortedTxn& a, const AbortedTxn& b) { return a.first_offset < b.first_offset; });

  std::vector<Offset> visible;
  std::set<std::int64_t> hidden;
  auto next = aborted.begin();
  for (const SegmentBatches& segment : log.segments()) {
    for (const Batch& batch : segment.batches) {
      if (batch.last < from || batch.base >= to) continue;
      for (; next != aborted.end() && next->first_offset <= batch.last; ++next)
        hidden.insert(next->producer_id);
      if (batch.marker) {
        hidden.erase(batch.producer_id);
      } else if (!batch.transactional || hidden.count(batch.producer_id) == 0) {
        visible.push_back(batch.base);
      }
    }
  }
  return visible;
}

bool shows_every_reader_the_same(const Log& log, const FolderFiles& flipped) {
  std::vector<Offset> bounds{kLogEnd};
  for (const SegmentBatches& segment : log.segments()) {
    for (const Batch& batch : segment.batches) bounds.push_back(batch.base);
  }
  for (const Offset from : bounds) {
    for (const Offset to : bounds) {
      if (from < to && shown(log, log.partition(), from, to) != shown(log, flipped, from, to)) return false;
    }
  }
  return true;
}

bool is_offset_of_a_batch(const Field& field) {
  return field.name.ends_with("baseOffset") ||
         (field.name.starts_with("message") && field.name.ends_with("offset"));
}

// For a bit of which nothing is told, or only a note.
std::string why_sound(const Log& log, const Field& field, Bytes flipped, const CollectedReport& told) {
  const std::string name = field.file.filename();
  const auto segment =
      std::find_if(log.segments().begin(), log.segments().end(), [&](const SegmentBatches& each) {
        return name.starts_with(to_string(SegmentFileName{.offset = each.base}).substr(0, 20));
      });
  if (is_offset_of_a_batch(field) && only_moves_a_gap(log, field, flipped))
    return "a gap between batches lies elsewhere, as a compaction could have left it";
  const bool last_batch = field.file.extension() == ".log" && segment + 1 == log.segments().end() &&
                          field.whole_begin == segment->batches.back().position.value;
  if (last_batch && told.notes.size() == 1 && told.notes[0].starts_with(name + ": torn_tail"))
    return "a torn tail of the active segment, as a crash leaves it; told as a note";
  if (field.name == "`.index`: offset" && finds_every_offset(*segment, flipped))
    return "an offset from the batch's first up to the next entry's, as brokers before 3.9.1 wrote: readers "
           "of every offset begin where they did or earlier";
  if (field.name == "`.timeindex`: offset" && finds_every_time(*segment, log.bytes(field.file), flipped))
    return "another offset up to which no time is larger: readers of every time find the same batch";
  if (field.name.starts_with("`.txnindex`")) {
    FolderFiles files = log.partition();
    files[name].assign(flipped.begin(), flipped.end());
    if (shows_every_reader_the_same(log, files))
      return "what a cleaner took away may have made it so: readers from and to every offset are shown the "
             "same";
  }
  if (name == kPartitionMetadata) {
    const auto now = decode_partition_metadata(flipped);
    if (now && now->topic_id != decode_partition_metadata(log.bytes(field.file))->topic_id)
      return "the id of another topic";
    if (now) return "a version that brokers take too";
  }
  if (is_offset_checkpoint(name)) {
    const auto now = decode_offset_checkpoint(flipped);
    const auto before = decode_offset_checkpoint(log.bytes(field.file));
    if (now && now->size() == 1 && !(*now == *before)) {
      return now->front().partition == before->front().partition
                 ? "another offset of the partition, which a broker could have written"
                 : "an offset of another partition";
    }
  }
  if (name == kMetaProperties) {
    const auto now = decode_meta_properties(flipped);
    const auto before = decode_meta_properties(log.bytes(field.file));
    if (now && now->cluster_id == before->cluster_id && now->node_id == before->node_id &&
        now->directory_id == before->directory_id && now->version == before->version) {
      return "in a comment";
    }
    if (now) return "another id";
  }
  return "";
}

// For a bit that is told, but not of the bytes it is in: of those that contradict them.
std::string why_elsewhere(const Log& log, const Field& field, Bytes flipped, const CollectedReport& told) {
  const auto any = [&](const std::vector<LocatedDefect>& all, DefectCode code, const Path& file,
                       std::optional<std::size_t> position = {}) {
    return std::any_of(all.begin(), all.end(), [&](const LocatedDefect& each) {
      return each.defect.code == code && each.file == file &&
             (!position || each.defect.position.value == *position);
    });
  };
  if (is_offset_of_a_batch(field)) {
    if (any(told.defects, DefectCode::offset_order, field.file, field.whole_end)) {
      const auto batch = decode_batch(flipped.subspan(field.whole_begin), {field.whole_begin});
      const std::string above = fmt::format("above {}", batch->header.last_offset());
      for (const LocatedDefect& each : told.defects) {
        if (each.defect.expected.ends_with(above))
          return "of the batch behind, which it crosses, and names this one's offset: one of the two is "
                 "wrong";
      }
    }
    for (const char* index : {".index", ".txnindex"}) {
      const DefectCode code =
          Path(index) == ".index" ? DefectCode::index_offset : DefectCode::transaction_mismatch;
      if (any(told.defects, code, beside(field.file, index)) ||
          any(told.warnings, code, beside(field.file, index)))
        return fmt::format("of the entry of the `{}` that names its offset: one of the two is wrong", index);
    }
  }
  if (field.name.starts_with("`.txnindex`") &&
      any(told.defects, DefectCode::transaction_mismatch, beside(field.file, ".log")))
    return "of the marker whose entry it was";
  if (any(told.defects, DefectCode::index_order, field.file, field.whole_end))
    return "of the entry behind, which it crosses: one of the two is wrong, and both are named";
  if (field.file.filename() == kLeaderEpochCheckpoint) {
    for (const SegmentBatches& segment : log.segments()) {
      if (any(told.warnings, DefectCode::leader_epoch,
              kPartition / to_string(SegmentFileName{.offset = segment.base})))
        return "of the first batch that contradicts it";
    }
  }
  return "";
}

// What the bits of a field came to.
struct Outcome {
  std::uint64_t bits = 0;
  std::uint64_t found = 0;      // a defect of the very batch, entry or file
  std::uint64_t warned = 0;     // likewise, a warning
  std::uint64_t elsewhere = 0;  // told of what contradicts it
  std::uint64_t harmless = 0;
  std::uint64_t refused = 0;  // by compact

  void add(const Outcome& other) {
    bits += other.bits;
    found += other.found;
    warned += other.warned;
    elsewhere += other.elsewhere;
    harmless += other.harmless;
    refused += other.refused;
  }
};

class Flips {
 public:
  explicit Flips(std::size_t value_bytes) : log_(value_bytes) { restore(); }

  const Log& log() const { return log_; }

  CollectedReport verify_all() {
    CollectedReport report;
    verify(LogCheck::of_folder(files_, kPartition, {}, report), {.jobs = 1, .bytes = 256 << 10});
    for (const auto& [name, bytes] : log_.root()) verify_side_file(files_, kRoot / name, report);
    return report;
  }

  void flip(const Field& field, std::size_t at, int bit) {
    if (changed_) restore();
    files_.bytes(field.file)[at] ^= static_cast<std::uint8_t>(1 << bit);
    Outcome& outcome = outcomes_[field.name];
    ++outcome.bits;
    const auto note = [&](const std::string& wrong) {
      if (wrong.empty()) return;
      wrong_.push_back(fmt::format("{}, byte {}, bit {}, {}: {}", field.file.filename().string(), at, bit,
                                   field.name, wrong));
    };
    try {
      note(verify_flipped(field, outcome));
      note(compact_flipped(outcome));
    } catch (const std::exception& error) {
      note(error.what());
      changed_ = true;
    }
    if (!changed_) files_.bytes(field.file)[at] ^= static_cast<std::uint8_t>(1 << bit);
  }

  // With which flips something was wrong, and what.
  const std::vector<std::string>& wrong() const { return wrong_; }
  void add(const Flips& other) {
    wrong_.insert(wrong_.end(), other.wrong_.begin(), other.wrong_.end());
    for (const auto& [name, each] : other.outcomes_) outcomes_[name].add(each);
    for (const auto& [reason, count] : other.reasons_) reasons_[reason] += count;
  }
  Outcome sum() const {
    Outcome sum;
    for (const auto& [name, each] : outcomes_) sum.add(each);
    return sum;
  }

  void print_tables() const {
    const auto print = [](const std::string& name, const Outcome& each) {
      fmt::print("| {} | {} | {} | {} | {} | {} | {} |\n", name, each.bits, each.found, each.warned,
                 each.elsewhere, each.harmless, each.refused);
    };
    fmt::print(
        "| field | bits | found | as a warning | elsewhere | harmless | compact refuses |\n"
        "|---|--:|--:|--:|--:|--:|--:|\n");
    for (const auto& [name, each] : outcomes_) print(name, each);
    print("all", sum());
    fmt::print("\n| field | | bits | why |\n|---|---|--:|---|\n");
    for (const auto& [reason, count] : reasons_)
      fmt::print("| {} | {} | {} | {} |\n", reason.field, reason.what, count, reason.why);
  }

 private:
  struct Reason {
    std::string field;
    const char* what;
    std::string why;
    friend auto operator<=>(const Reason&, const Reason&) = default;
  };

  void restore() {
    files_.remove_all(kRoot);
    files_.remove_all(kFlipped);
    files_.add_folder(kRoot, log_.root());
    files_.add_folder(kPartition, log_.partition());
    changed_ = false;
  }

  // Whether a defect is told of the batch, entry or file that the flipped bit is in, and of no other offset.
  bool tells(const LocatedDefect& told, const Field& field) {
    const Position position = told.defect.position;
    if (told.file != field.file || position.value < field.whole_begin) return false;
    const bool is_text = field.whole_begin == 0 && field.whole_end == log_.bytes(field.file).size();
    if (position.value > field.whole_end || (position.value == field.whole_end && !is_text)) return false;
    if (field.file.extension() != ".log" || !told.defect.offset) return true;
    Cursor now(Bytes(files_.bytes(field.file)).subspan(field.whole_begin));
    if (*told.defect.offset == Offset{now.i64()}) return true;
    for (const SegmentBatches& segment : log_.segments()) {
      for (const Batch& batch : segment.batches) {
        if (*told.defect.offset >= batch.base && *told.defect.offset <= batch.last &&
            batch.position.value == field.whole_begin)
          return true;
      }
    }
    return false;
  }

  std::string verify_flipped(const Field& field, Outcome& outcome) {
    told_ = verify_all();
    const auto here = [&](const LocatedDefect& each) { return tells(each, field); };
    if (std::any_of(told_.defects.begin(), told_.defects.end(), here)) {
      ++outcome.found;
      return "";
    }
    if (std::any_of(told_.warnings.begin(), told_.warnings.end(), here)) {
      ++outcome.warned;
      return "";
    }
    const Bytes flipped = files_.bytes(field.file);
    const bool silent = told_.defects.empty() && told_.warnings.empty();
    const std::string why =
        silent ? why_sound(log_, field, flipped, told_) : why_elsewhere(log_, field, flipped, told_);
    ++(silent ? outcome.harmless : outcome.elsewhere);
    ++reasons_[{field.name, silent ? "harmless" : "elsewhere", why}];
    return why.empty() ? "verify: " + told_.text() : "";
  }

  std::string compact_flipped(Outcome& outcome) {
    const FolderFiles flipped = files_.read_folder(kPartition);
    const FolderFiles root = files_.read_folder(kRoot);
    CompactionRequest request{.partition = kPartition, .now_ms = 1'000};
    request.config.compact = true;
    const auto outcome_or_refusal = compact(files_, request);
    const FolderFiles left = files_.read_folder(kPartition);
    if (const auto* refusal = std::get_if<Refusal>(&outcome_or_refusal)) {
      ++outcome.refused;
      const bool same = left == flipped && files_.read_folder(kRoot) == root;
      return same ? "" : "compact: refused, and changed something: " + refusal->reason;
    }
    changed_ = true;
    const auto untouched = [&](const std::string& name) {
      const auto now = left.find(name);
      return now != left.end() && now->second == flipped.at(name);
    };
    for (const LocatedDefect& each : told_.defects) {
      const std::string name = each.file.filename();
      if ((name.ends_with(".log") || name.ends_with(".txnindex")) && !untouched(name))
        return "compact: took " + told_.text();
    }
    files_.add_folder(kFlipped, flipped);
    CollectedReport compared;
    const Comparison comparison = compare(files_, kPartition, kFlipped, {.listed = 1}, compared);
    if (comparison.difference_count > 0)
      return "compact: " + std::string(name(comparison.differences.front().code));
    for (const LocatedDefect& each : compared.defects) {
      if (!untouched(each.file.filename())) return "compact: " + compared.text();
    }
    return "";
  }

  Log log_;
  MemoryFileSystem files_;
  bool changed_ = true;  // what is in files_, by more than the flip
  CollectedReport told_;
  std::map<std::string, Outcome> outcomes_;
  std::map<Reason, std::uint64_t> reasons_;
  std::vector<std::string> wrong_;
};

// Each its share of the bits that are chosen; much of the time goes by waiting for a snapshot that is wrong
// to become right.
constexpr std::size_t kWorkers = 8;

TEST_CASE("each bit of a log is found when it flips, or makes another sound log of it") {
  const bool all = std::getenv("KSEG_EVERY_BIT") != nullptr;
  std::deque<Flips> workers;
  for (std::size_t i = 0; i < kWorkers; ++i) workers.emplace_back(all ? 1'800 : 20);
  const CollectedReport unflipped = workers[0].verify_all();
  CAPTURE(unflipped.text());
  REQUIRE((unflipped.defects.empty() && unflipped.warnings.empty()));

  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kWorkers; ++i) {
    threads.emplace_back([&flips = workers[i], i, all] {
      Dice dice(1);
      std::size_t chosen = 0;
      for (const Field& field : flips.log().fields()) {
        for (std::size_t at = field.begin; at < field.end; ++at) {
          for (int bit = 0; bit < 8; ++bit) {
            if ((all || dice.chance(2)) && chosen++ % kWorkers == i) flips.flip(field, at, bit);
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 1; i < kWorkers; ++i) workers[0].add(workers[i]);
  for (const std::string& wrong : workers[0].wrong()) FAIL_CHECK(wrong);
  if (all) workers[0].print_tables();
  MESSAGE(workers[0].sum().bits, " of ", workers[0].log().size_bytes() * 8, " bits flipped");
}

}  // namespace
}  // namespace kseg
