#include "lib/recovery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <set>

#include "formats/checkpoint_file.h"
#include "formats/cursor.h"
#include "formats/offset_index.h"
#include "formats/transaction_index.h"
#include "lib/leader_epochs.h"
#include "lib/loaded_producers.h"
#include "lib/partition_log.h"
#include "lib/segment_recovery.h"

namespace kseg {
namespace {

using Kind = RecoveryStep::Kind;
using Reason = RecoveryStep::Reason;

constexpr std::uint64_t kMaxSegmentBytes = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

Path parent_of(const Path& folder) {
  return folder.has_parent_path() ? folder.parent_path() : Path(".");
}

bool is_index(SegmentFileKind kind) {
  return kind == SegmentFileKind::offset_index || kind == SegmentFileKind::time_index ||
         kind == SegmentFileKind::transaction_index;
}

// A broker takes its number for that of a segment file, and opens the file of that number under its
// canonical name.
bool is_misnamed(const std::string& name) {
  if (is_canonical(name)) return false;
  for (const auto kind : {SegmentFileKind::log, SegmentFileKind::offset_index, SegmentFileKind::time_index,
                          SegmentFileKind::transaction_index, SegmentFileKind::producer_snapshot}) {
    if (name.ends_with(extension(kind))) return true;
  }
  return false;
}

// Whether `a` holds from `from` on what `b` holds.
bool same_content(File& a, Position from, File& b) {
  const std::uint64_t size = b.info().size_bytes;
  if (a.info().size_bytes - from.value != size) return false;
  ByteBuffer of_a(std::min<std::uint64_t>(kCopyBytes, size));
  ByteBuffer of_b(of_a.size());
  for (Position at; at < Position{size};) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(of_a.size(), size - at.value));
    if (a.read_at(from + at.value, std::span(of_a).first(wanted)) != wanted) return false;
    if (b.read_at(at, std::span(of_b).first(wanted)) != wanted) return false;
    if (!same_bytes(Bytes{of_a}.first(wanted), Bytes{of_b}.first(wanted))) return false;
    at = at + wanted;
  }
  return true;
}

// What a broker asks of a transaction index before it believes it. It looks at the first byte of a version.
enum class TransactionIndexState { sound, corrupt, unknown_version };
TransactionIndexState judge_transaction_index(Bytes file, Offset base_offset) {
  for (; file.size() >= AbortedTxn::kSize; file = file.subspan(AbortedTxn::kSize)) {
    if (static_cast<std::int8_t>(file[0]) > 0) return TransactionIndexState::unknown_version;
    Cursor in(file.subspan(sizeof(std::int16_t)));
    in.i64();
    in.i64();
    if (Offset{in.i64()} < base_offset) return TransactionIndexState::corrupt;
  }
  return TransactionIndexState::sound;
}

}  // namespace

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::remove: return "remove";
    case Kind::rename: return "rename";
    case Kind::keep: return "keep";
    case Kind::cut: return "cut";
    case Kind::write: return "write";
  }
  return {};
}

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::deleted: return "deleted";
    case Reason::incomplete_swap: return "incomplete_swap";
    case Reason::cleaned: return "cleaned";
    case Reason::replaced: return "replaced";
    case Reason::finished_swap: return "finished_swap";
    case Reason::orphan_index: return "orphan_index";
    case Reason::damage: return "damage";
    case Reason::behind_damage: return "behind_damage";
    case Reason::below_log_start: return "below_log_start";
    case Reason::unneeded_snapshot: return "unneeded_snapshot";
    case Reason::damaged_snapshot: return "damaged_snapshot";
    case Reason::snapshot: return "snapshot";
    case Reason::index: return "index";
    case Reason::leader_epochs: return "leader_epochs";
    case Reason::new_segment: return "new_segment";
  }
  return {};
}

// Follows a broker's load, pass by pass, on what the folder would hold by then, and turns the difference
// into steps.
class RecoveryPlanner {
 public:
  RecoveryPlanner(FileSystem& files, const RecoveryRequest& request)
      : files_(files),
        request_(request),
        limits_{.index_interval_bytes = request.index_interval_bytes,
                .segment_index_bytes = request.segment_index_bytes},
        recovery_(files, request.partition) {}

  std::variant<Recovery, Refusal> run() {
    if (auto refusal = prepare()) return std::move(*refusal);
    if (auto refusal = load_segments()) return std::move(*refusal);
    if (auto refusal = recover_segments()) return std::move(*refusal);
    if (auto refusal = find_log_end()) return std::move(*refusal);
    const std::size_t entries = epochs_.entries().size();
    epochs_.truncate(recovery_.log_end_);
    epochs_changed_ |= epochs_.entries().size() != entries;
    epochs_changed_ |= epochs_.begin_at(request_.log_start);
    if (auto refusal = load_producers()) return std::move(*refusal);
    make_steps();
    return std::move(recovery_);
  }

 private:
  struct State {
    Segment segment;
    Position end;                                       // of the `.log`, as far as it stays
    std::optional<SegmentRecovery::Scanned> scanned{};  // by the last recovery of this segment
    std::optional<Defect> damage{};                     // why it ends there
    bool has_transaction_index = false;  // once made, it stays, whatever stands in it in the end
    bool recovered_alone = false;        // because of its indexes: those are what tells so
    std::optional<Reason> gone{};        // taken away as a whole
  };

  Path final_path(SegmentFileKind kind, Offset offset) const {
    return request_.partition / to_string({.kind = kind, .offset = offset});
  }

  // The defect stops brokers too, unless said otherwise.
  static Refusal refuse(Path file, Defect defect, std::string reason, std::string hint = {}) {
    return {.reason = std::move(reason),
            .hint = std::move(hint),
            .defects = {{std::move(file), std::move(defect)}}};
  }
  Refusal refuse(Path file, Defect defect) const {
    if (defect.code == DefectCode::segment_range) {
      return refuse(std::move(file), std::move(defect),
                    "offsets that the segment cannot hold; nothing was changed",
                    "a broker splits such a segment if all its offsets are above its base, and fails else");
    }
    if (request_.cleanly_shut_down) {
      return refuse(std::move(file), std::move(defect),
                    "the log is damaged although the directory was shut down cleanly; nothing was changed",
                    fmt::format("without {} it is recovered as after a crash", kCleanShutdownFile));
    }
    return refuse(std::move(file), std::move(defect), "no broker loads this partition; nothing was changed",
                  "verify shows all of it");
  }

  std::optional<Refusal> prepare() {
    const Path named = request_.partition.has_filename() ? request_.partition : parent_of(request_.partition);
    folder_name_ = named.filename().string();
    const auto name = parse_partition_folder_name(folder_name_);
    if (name && name->kind == PartitionFolderKind::deleted) {
      return Refusal{
          .reason = fmt::format("{}: marked for deletion, a broker removes it", request_.partition.string())};
    }
    if (name && name->partition.topic == kClusterMetadataTopic) {
      return Refusal{
          .reason = fmt::format("{}: the metadata log is the controllers' own", request_.partition.string())};
    }
    if (auto refusal = check_quarantine()) return refusal;
    log_ = PartitionLog::open(files_, request_.partition);
    if (auto refusal = refuse_not_files(log_)) return refusal;
    for (const std::string& other : log_.other_files()) {
      if (breaks_loading(other) || is_misnamed(other)) {
        return Refusal{.reason = fmt::format(
                           "{}: no broker loads a folder with a file of this name; nothing was changed",
                           (request_.partition / other).string()),
                       .hint = "move it away"};
      }
    }
    for (const auto& [from, to] : log_.load_plan().renamed) {
      final_names_[from] = to;
      if (!to.ends_with(extension(SegmentFileKind::log))) continue;
      const auto file = files_.open(request_.partition / from);
      RecoveryReader reader(*file, RecoveryReader::Payload::skip, Position{file->info().size_bytes});
      while (true) {
        const auto batch = reader.next();
        if (!batch) return refuse(request_.partition / from, batch.error());
        if (!*batch) break;
      }
    }
    return read_epochs();
  }

  // A folder that is no partition's keeps a broker from starting.
  std::optional<Refusal> check_quarantine() const {
    if (!request_.quarantine) return std::nullopt;
    Path folder = *request_.quarantine;
    if (!folder.has_filename()) folder = parent_of(folder);
    for (int levels = 0; levels < 3; ++levels) {
      if (LogDir::is_root(files_, folder)) {
        return Refusal{.reason = fmt::format("{}: inside of the log directory {}",
                                             request_.quarantine->string(), folder.string()),
                       .hint = "a broker does not start if there is a folder that is no partition's"};
      }
      const bool by_name = folder.has_filename() && folder.filename() != "." && folder.filename() != "..";
      folder = by_name ? parent_of(folder) : folder / "..";
    }
    return std::nullopt;
  }

  std::optional<Refusal> read_epochs() {
    const Path path = request_.partition / kLeaderEpochCheckpoint;
    if (!files_.info(path)) return std::nullopt;
    epochs_file_ = read_file(files_, path);
    const auto entries = decode_leader_epoch_checkpoint(*epochs_file_);
    if (!entries) return refuse(path, entries.error());
    for (const EpochEntry& entry : *entries) epochs_.assign(entry.epoch, entry.start_offset);
    return std::nullopt;
  }

  // Segments in ascending order, as they come into being; a segment with a missing or corrupt index is
  // recovered on its own, with only those before it in sight. What is cut off then ends nothing.
  std::optional<Refusal> load_segments() {
    snapshots_.emplace(files_, log_.snapshots());
    for (const auto& [offset, path] : log_.snapshots()) {
      if (!path.native().ends_with(extension(FileState::swap))) first_snapshots_.insert(offset);
    }
    for (const std::string& name : log_.load_plan().removed) {
      const auto parsed = parse_segment_file_name(name);
      if (parsed && parsed->kind == SegmentFileKind::producer_snapshot &&
          parsed->state == FileState::current) {
        first_snapshots_.insert(parsed->offset);
      }
    }
    for (const Segment& segment : log_.segments()) {
      if (segment.size_bytes > kMaxSegmentBytes) {
        return refuse(segment.log, {.code = DefectCode::segment_too_large,
                                    .position = {},
                                    .expected = fmt::format("at most {} bytes", kMaxSegmentBytes),
                                    .found = fmt::format("{} bytes", segment.size_bytes)});
      }
      State state{.segment = segment, .end = {segment.size_bytes}};
      bool alone = !segment.offset_index;
      if (!alone && segment.transaction_index) {
        const auto judged =
            judge_transaction_index(read_file(files_, *segment.transaction_index), segment.base_offset);
        if (judged == TransactionIndexState::unknown_version) {
          return refuse(*segment.transaction_index,
                        {.code = DefectCode::unknown_version, .position = {}, .expected = "version 0"});
        }
        alone = judged == TransactionIndexState::corrupt;
      }
      states_.push_back(std::move(state));
      if (!alone) continue;
      states_.back().recovered_alone = true;
      if (auto refusal = recover(states_.size() - 1, states_.size() - 1)) return refusal;
      if (states_.back().scanned->offsets_go_back) {
        return refuse(segment.log, *states_.back().scanned->offsets_go_back);
      }
      cut(states_.back());
    }
    return std::nullopt;
  }

  // From the recovery point on, if nobody says that all was flushed. What is cut off ends the log.
  std::optional<Refusal> recover_segments() {
    if (request_.cleanly_shut_down || states_.empty()) return std::nullopt;
    for (std::size_t i = log_.floor_segment(request_.recovery_point); i < states_.size(); ++i) {
      State& state = states_[i];
      if (auto refusal = recover(i, states_.size())) return refusal;
      if (state.scanned->offsets_go_back) {
        state.damage = state.scanned->offsets_go_back;
        *state.scanned = {.end = {},
                          .next_offset = state.segment.base_offset,
                          .highest = state.segment.base_offset,
                          .damage = {},
                          .indexes = SegmentIndexes(state.segment.base_offset, limits_.index_interval_bytes),
                          .transaction_index = {},
                          .epochs_changed = false,
                          .offsets_go_back = {}};
      }
      if (!cut(state)) continue;
      for (std::size_t behind = i + 1; behind < states_.size(); ++behind) {
        take_away(states_[behind], Reason::behind_damage);
      }
      break;
    }
    return std::nullopt;
  }

  // With the first `visible` segments in sight.
  std::optional<Refusal> recover(std::size_t index, std::size_t visible) {
    State& state = states_[index];
    LoadedProducers producers(files_, *snapshots_, expiry());
    const auto before = parts(visible);
    if (auto defect =
            producers.rebuild(before, {.log_start = request_.log_start, .end = state.segment.base_offset})) {
      return refuse(defect->file, defect->defect);
    }
    const LogPart part = part_of(state);
    auto scanned = SegmentRecovery::scan(files_, part, limits_, producers, epochs_);
    if (const Defect* defect = std::get_if<Defect>(&scanned)) return refuse(part.log, *defect);
    state.scanned = std::move(*std::get_if<SegmentRecovery::Scanned>(&scanned));
    state.has_transaction_index |= !state.scanned->transaction_index.empty();
    epochs_changed_ |= state.scanned->epochs_changed;
    ++recovery_.segments_scanned_;
    if (!state.scanned->offsets_go_back) producers.take_snapshot();
    return std::nullopt;
  }

  // True if there was something to cut off.
  static bool cut(State& state) {
    if (state.scanned->end >= state.end) return false;
    state.end = state.scanned->end;
    if (!state.damage) state.damage = state.scanned->damage;
    return true;
  }

  void take_away(State& state, Reason why) {
    state.gone = why;
    const Offset base = state.segment.base_offset;
    if (first_snapshots_.contains(base) && snapshots_->contains(base)) {
      snapshots_->remove(base, SnapshotFiles::Unneeded::segment_gone);
    }
  }

  std::optional<Refusal> find_log_end() {
    const State* active = nullptr;
    for (const State& state : states_) {
      if (!state.gone) active = &state;
    }
    std::optional<Offset> end;
    if (active != nullptr) {
      end = active->segment.base_offset;
      Offset highest = *end;
      if (auto refusal = read_end(*active, *end, highest)) return refusal;
      // A broker does not notice, and takes what comes last for the end.
      if (highest > *end) {
        return Refusal{.reason = "offsets go back, nothing was changed",
                       .hint = "a broker loads this log all the same, and then writes some offsets twice",
                       .defects = {{active->segment.log,
                                    {.code = DefectCode::offset_order,
                                     .position = {},
                                     .offset = *end,
                                     .expected = fmt::format("the log to end at {}", highest),
                                     .found = fmt::format("that it ends at {}", *end)}}}};
      }
    }
    if (end && *end < request_.log_start) {
      for (State& state : states_) {
        if (!state.gone) take_away(state, Reason::below_log_start);
      }
      epochs_ = LeaderEpochs();
      epochs_changed_ = true;
      emptied_ = true;
      end.reset();
    }
    if (!end) {
      new_segment_ = request_.log_start;
      recovery_.log_end_ = request_.log_start;
      recovery_.recovery_point_ = request_.log_start;
      recovery_.log_start_ = request_.log_start;
      return std::nullopt;
    }
    recovery_.log_end_ = *end;
    recovery_.log_start_ = std::max(request_.log_start, states_.front().segment.base_offset);
    recovery_.recovery_point_ = request_.cleanly_shut_down
                                    ? *end
                                    : std::max(recovery_.log_start_, std::min(request_.recovery_point, *end));
    return std::nullopt;
  }

  std::optional<Refusal> read_end(const State& active, Offset& end, Offset& highest) {
    if (active.scanned) {
      end = active.scanned->next_offset;
      highest = active.scanned->highest;
      return std::nullopt;
    }
    // A broker begins where the index ends, and finds the segment empty if what the index knows is not there.
    const ByteBuffer index = read_file(files_, *active.segment.offset_index);
    const OffsetIndexView entries(index, active.segment.base_offset);
    OffsetIndexEntry known{.offset = active.segment.base_offset, .position = {}};
    if (entries.size() > 0) known = entries[entries.size() - 1];
    bool found = entries.size() == 0;
    bool reached = false;
    const auto file = files_.open(active.segment.log);
    RecoveryReader reader(*file, RecoveryReader::Payload::skip, active.end);
    while (true) {
      const auto batch = reader.next();
      if (!batch) return refuse(active.segment.log, batch.error());
      if (!*batch) break;
      const RecordBatchHeader& header = (*batch)->header;
      const auto defect = [&](DefectCode code) {
        return Defect{.code = code, .position = (*batch)->position, .offset = header.base_offset};
      };
      const std::int64_t relative_offset = header.last_offset() - active.segment.base_offset;
      if (relative_offset < 0 || relative_offset > std::numeric_limits<std::int32_t>::max()) {
        return refuse(active.segment.log, defect(DefectCode::segment_range));
      }
      reached = reached || (*batch)->position == known.position;
      found = found || (reached && header.last_offset() >= known.offset);
      end = header.next_offset();
      highest = std::max(highest, end);
    }
    if (found) return std::nullopt;
    return refuse(*active.segment.offset_index, {.code = DefectCode::index_offset,
                                                 .position = {},
                                                 .offset = known.offset,
                                                 .expected = fmt::format("an offset below {}", end),
                                                 .found = fmt::format("{}", known.offset)});
  }

  std::optional<Refusal> load_producers() {
    LoadedProducers producers(files_, *snapshots_, expiry());
    if (emptied_) producers.start_at(request_.log_start, first_snapshots_);
    std::vector<LogPart> left = parts(states_.size());
    // Of the new segment there is nothing to be read.
    if (new_segment_) left.push_back({.base_offset = *new_segment_, .log = {}, .end = {}});
    producers.remove_strays(left);
    if (auto defect = producers.rebuild(left, {.log_start = recovery_.log_start_,
                                               .end = recovery_.log_end_,
                                               .assume_none = request_.cleanly_shut_down})) {
      return refuse(defect->file, defect->defect);
    }
    return std::nullopt;
  }

  LoadedProducers::Expiry expiry() const {
    return {.now_ms = request_.now_ms, .expiration_ms = request_.producer_expiration_ms};
  }

  // Borrows `state`.
  static LogPart part_of(const State& state) {
    return {.base_offset = state.segment.base_offset,
            .log = state.segment.log,
            .end = state.end,
            .offset_index = state.segment.offset_index,
            .new_index = state.scanned ? &state.scanned->indexes.offset_index() : nullptr};
  }

  // Of the first `count` segments those that are left.
  std::vector<LogPart> parts(std::size_t count) const {
    std::vector<LogPart> parts;
    for (std::size_t i = 0; i < count; ++i) {
      if (!states_[i].gone) parts.push_back(part_of(states_[i]));
    }
    return parts;
  }

  // --- The steps, in an order that a crash does not mind.
  //
  // A broker that comes in between loads again, so what tells it that something is to be done goes last:
  // segments behind damage go before the damage does, and of a segment that is recovered because an index
  // is missing or corrupt that index is written after everything else. In a log that is given up as a whole
  // the offsets in it are what tells.

  void make_steps() {
    add_load_plan();
    add_orphans();
    if (emptied_) {
      add_epochs();
      add_snapshots();
      add_segments_gone();
    } else {
      add_segments_gone();
      for (const State& state : states_) add_cut(state);
      for (const State& state : states_) add_indexes(state, false);
      add_snapshots();
      add_epochs();
      for (const State& state : states_) add_indexes(state, true);
    }
    if (new_segment_) add_new_segment();
  }

  void add(RecoveryStep step) { recovery_.steps_.push_back(std::move(step)); }

  void add_remove(const Path& file, Reason reason) {
    const auto info = files_.info(file);
    add({.kind = Kind::remove, .reason = reason, .file = file, .size_bytes = info ? info->size_bytes : 0});
  }

  void add_write(const Path& file, Reason reason, ByteBuffer bytes) {
    const std::uint64_t size = bytes.size();
    add({.kind = Kind::write, .reason = reason, .file = file, .size_bytes = size, .bytes = std::move(bytes)});
  }

  void add_load_plan() {
    for (const std::string& name : log_.load_plan().removed) {
      const Path file = request_.partition / name;
      if (name.ends_with(extension(FileState::deleted))) {
        add_remove(file, Reason::deleted);
      } else if (name.ends_with(extension(FileState::cleaned))) {
        add_remove(file, Reason::cleaned);
      } else if (name.ends_with(extension(FileState::swap))) {
        add_incomplete_swap(file, name);
      } else {
        add_remove(file, Reason::replaced);
      }
    }
    // The logs first: an index that has its name already, beside a log that has not, would be taken for one
    // of the replaced ones.
    auto renamed = log_.load_plan().renamed;
    std::stable_partition(renamed.begin(), renamed.end(), [](const auto& names) {
      return names.second.ends_with(extension(SegmentFileKind::log));
    });
    for (const auto& [from, to] : renamed) {
      const auto info = files_.info(request_.partition / from);
      add({.kind = Kind::rename,
           .reason = Reason::finished_swap,
           .file = request_.partition / from,
           .to = request_.partition / to,
           .size_bytes = info ? info->size_bytes : 0});
    }
  }

  // Its sources are still there, unless something else than a broker was at work here: then these are the
  // last bytes of the segment.
  void add_incomplete_swap(const Path& file, const std::string& name) {
    const std::string current = name.substr(0, name.size() - extension(FileState::swap).size());
    const auto size = files_.info(file)->size_bytes;
    if (current.ends_with(extension(SegmentFileKind::log)) && size > 0 &&
        !files_.info(request_.partition / current)) {
      set_aside(file, name, size, Reason::incomplete_swap, *leading_offset(name));
    } else {
      add_remove(file, Reason::incomplete_swap);
    }
  }

  void add_orphans() {
    for (const std::string& other : log_.other_files()) {
      const auto renamed = final_names_.find(other);
      const std::string& name = renamed == final_names_.end() ? other : renamed->second;
      const auto parsed = parse_segment_file_name(name);
      if (!parsed || parsed->state != FileState::current || !is_index(parsed->kind)) continue;
      add({.kind = Kind::remove,
           .reason = Reason::orphan_index,
           .file = request_.partition / name,
           .size_bytes = files_.info(request_.partition / other)->size_bytes});
    }
  }

  void add_segments_gone() {
    for (const State& state : states_) {
      if (!state.gone) continue;
      const Segment& segment = state.segment;
      const Path log = final_path(SegmentFileKind::log, segment.base_offset);
      if (segment.size_bytes > 0) {
        set_aside(log, log.filename().string(), segment.size_bytes, *state.gone, segment.base_offset,
                  segment.log);
      } else {
        add_remove(log, *state.gone);
      }
      const std::pair<SegmentFileKind, const std::optional<Path>&> indexes[] = {
          {SegmentFileKind::offset_index, segment.offset_index},
          {SegmentFileKind::time_index, segment.time_index},
          {SegmentFileKind::transaction_index, segment.transaction_index}};
      for (const auto& [kind, path] : indexes) {
        if (!path) continue;
        add({.kind = Kind::remove,
             .reason = *state.gone,
             .file = final_path(kind, segment.base_offset),
             .size_bytes = files_.info(*path)->size_bytes});
      }
    }
  }

  // A whole file: by another name in its folder, or by a copy elsewhere. `now`: where it is before all steps.
  void set_aside(const Path& file, const std::string& name, std::uint64_t size_bytes, Reason reason,
                 Offset offset, const Path& now) {
    if (request_.quarantine) {
      add_keep(file, now, name, {}, size_bytes, reason, offset);
      add({.kind = Kind::remove, .reason = reason, .file = file, .size_bytes = size_bytes, .offset = offset});
      return;
    }
    add({.kind = Kind::rename,
         .reason = reason,
         .file = file,
         .to = unused_name(kept_name(name, {})),
         .size_bytes = size_bytes,
         .offset = offset});
  }
  void set_aside(const Path& file, const std::string& name, std::uint64_t size_bytes, Reason reason,
                 Offset offset) {
    set_aside(file, name, size_bytes, reason, offset, file);
  }

  // The number in front is what makes a broker take a file for its own, and a suffix; here it finds neither.
  Path kept_name(const std::string& name, Position position) const {
    const Path folder = request_.quarantine ? *request_.quarantine / folder_name_ : request_.partition;
    return folder / fmt::format("cut-{}-{}", name, position);
  }

  Path unused_name(const Path& wanted) {
    Path path = wanted;
    for (int number = 2; files_.info(path) || taken_.contains(path); ++number) {
      path = wanted;
      path += fmt::format(".{}", number);
    }
    taken_.insert(path);
    return path;
  }

  // A copy, unless a recovery that was interrupted has made it.
  void add_keep(const Path& file, const Path& now, const std::string& name, Position position,
                std::uint64_t size_bytes, Reason reason, Offset offset) {
    const Path wanted = kept_name(name, position);
    Path path = wanted;
    for (int number = 2; files_.info(path); ++number) {
      const auto source = files_.open(now);
      const auto kept = files_.open(path);
      if (same_content(*source, position, *kept)) return;
      path = wanted;
      path += fmt::format(".{}", number);
    }
    add({.kind = Kind::keep,
         .reason = reason,
         .file = file,
         .to = path,
         .position = position,
         .size_bytes = size_bytes,
         .offset = offset});
  }

  void add_cut(const State& state) {
    const Segment& segment = state.segment;
    if (state.gone || state.end >= Position{segment.size_bytes}) return;
    const Path log = final_path(SegmentFileKind::log, segment.base_offset);
    const std::uint64_t size = segment.size_bytes - state.end.value;
    if (!is_zeros(segment.log, state.end)) {
      add_keep(log, segment.log, log.filename().string(), state.end, size, Reason::damage,
               state.scanned->next_offset);
    }
    add({.kind = Kind::cut,
         .reason = Reason::damage,
         .file = log,
         .position = state.end,
         .size_bytes = size,
         .offset = state.scanned->next_offset,
         .defect = state.damage});
  }

  bool is_zeros(const Path& path, Position from) {
    const auto file = files_.open(path);
    ByteBuffer buffer(kCopyBytes);
    while (const std::size_t got = file->read_at(from, buffer)) {
      const auto end = buffer.begin() + static_cast<std::ptrdiff_t>(got);
      if (std::any_of(buffer.begin(), end, [](std::uint8_t byte) { return byte != 0; })) return false;
      from = from + got;
    }
    return true;
  }

  // `telling`: of a segment that was recovered on its own, the indexes that were the reason; in the order
  // in which a broker looks at them, the other way round.
  void add_indexes(const State& state, bool telling) {
    if (state.gone) return;
    const Segment& segment = state.segment;
    if (!state.scanned) {
      if (!telling && !segment.time_index) {
        add_write(final_path(SegmentFileKind::time_index, segment.base_offset), Reason::index, {});
      }
      return;
    }
    const bool index_tells = state.recovered_alone && !segment.offset_index;
    const bool transactions_tell = state.recovered_alone && segment.offset_index;
    if (!telling) add_index(state, SegmentFileKind::time_index);
    if (telling == transactions_tell) add_index(state, SegmentFileKind::transaction_index);
    if (telling == index_tells) add_index(state, SegmentFileKind::offset_index);
  }

  void add_index(const State& state, SegmentFileKind kind) {
    const Segment& segment = state.segment;
    const bool offsets = kind == SegmentFileKind::offset_index;
    const bool times = kind == SegmentFileKind::time_index;
    const std::optional<Path>& old = offsets ? segment.offset_index
                                     : times ? segment.time_index
                                             : segment.transaction_index;
    const SegmentIndexes& indexes = state.scanned->indexes;
    const ByteBuffer& bytes = offsets ? indexes.offset_index()
                              : times ? indexes.time_index()
                                      : state.scanned->transaction_index;
    if (old ? read_file(files_, *old) == bytes
            : !offsets && !times && bytes.empty() && !state.has_transaction_index)
      return;
    add_write(final_path(kind, segment.base_offset), Reason::index, bytes);
  }

  // First what is new: a folder without any snapshot looks as if there had never been producers.
  void add_snapshots() {
    for (auto& [offset, bytes] : snapshots_->written()) {
      add_write(final_path(SegmentFileKind::producer_snapshot, offset), Reason::snapshot, bytes);
    }
    for (const auto& [offset, why] : snapshots_->removed()) {
      const Path file = final_path(SegmentFileKind::producer_snapshot, offset);
      const Path now = log_.snapshots().at(offset);
      add({.kind = Kind::remove,
           .reason =
               why == SnapshotFiles::Unneeded::damaged ? Reason::damaged_snapshot : Reason::unneeded_snapshot,
           .file = file,
           .size_bytes = files_.info(now)->size_bytes});
    }
  }

  void add_epochs() {
    const std::string text = encode_leader_epoch_checkpoint(epochs_.entries());
    if (epochs_file_ && (!epochs_changed_ || as_text(*epochs_file_) == text)) return;
    ByteBuffer bytes;
    if (epochs_changed_) bytes.assign(text.begin(), text.end());
    add_write(request_.partition / kLeaderEpochCheckpoint, Reason::leader_epochs, std::move(bytes));
  }

  // The `.log` last: without it the others are orphans.
  void add_new_segment() {
    for (const auto kind :
         {SegmentFileKind::offset_index, SegmentFileKind::time_index, SegmentFileKind::log}) {
      add_write(final_path(kind, *new_segment_), Reason::new_segment, {});
    }
  }

  FileSystem& files_;
  const RecoveryRequest& request_;
  SegmentRecovery::Limits limits_;
  Recovery recovery_;
  std::string folder_name_;
  PartitionLog log_;
  std::map<std::string, std::string> final_names_;  // of `.swap` files
  std::vector<State> states_;
  std::optional<SnapshotFiles> snapshots_;
  std::set<Offset> first_snapshots_;  // before all: what a broker knows of while it removes segments
  LeaderEpochs epochs_;
  std::optional<ByteBuffer> epochs_file_;
  bool epochs_changed_ = false;  // once at least, whatever they are in the end: a broker writes them then
  std::optional<Offset> new_segment_;
  bool emptied_ = false;  // all of the log lay below its start
  std::set<Path> taken_;
};

std::variant<Recovery, Refusal> Recovery::plan(FileSystem& files, const RecoveryRequest& request) {
  return RecoveryPlanner(files, request).run();
}

std::uint64_t Recovery::bytes_lost() const {
  std::uint64_t bytes = 0;
  for (const RecoveryStep& step : steps_) {
    if (step.offset && step.kind != Kind::keep) bytes += step.size_bytes;
  }
  return bytes;
}

void Recovery::carry_out() {
  if (steps_.empty()) return;
  const auto root = LogDir::parent_of(*files_, folder_);
  std::optional<ByteBuffer> mark;
  if (root && root->cleanly_shut_down()) {
    mark = read_file(*files_, root->path() / kCleanShutdownFile);
    files_->remove(root->path() / kCleanShutdownFile);
    files_->sync_directory(root->path());
  }
  const RecoveryStep* before = nullptr;
  for (const RecoveryStep& step : steps_) {
    // What comes next may rely on what was done.
    if (before != nullptr && (before->kind != step.kind || before->reason != step.reason)) {
      files_->sync_directory(folder_);
    }
    take(step);
    before = &step;
  }
  files_->sync_directory(folder_);
  if (mark) replace_file(*files_, root->path() / kCleanShutdownFile, *mark);
}

void Recovery::take(const RecoveryStep& step) {
  switch (step.kind) {
    case Kind::remove: return files_->remove(step.file);
    case Kind::rename: return files_->rename(step.file, step.to);
    case Kind::keep: return keep(step);
    case Kind::write: return replace_file(*files_, step.file, step.bytes);
    case Kind::cut:
      const auto file = files_->open_to_append(step.file);
      file->truncate(step.position);
      return file->sync();
  }
}

void Recovery::keep(const RecoveryStep& step) {
  const Path folder = parent_of(step.to);
  for (const Path& made : {parent_of(folder), folder}) {
    if (files_->info(made)) continue;
    files_->make_directory(made, 0755);
    files_->sync_directory(parent_of(made));
  }
  Path beside = step.to;
  beside += ".tmp";
  if (files_->info(beside)) files_->remove(beside);
  const auto source = files_->open(step.file);
  const FileInfo info = source->info();
  {
    const auto target = files_->create(beside, info.mode);
    if (geteuid() == 0) files_->set_owner(beside, info.user_id, info.group_id);
    ByteBuffer buffer(std::min<std::uint64_t>(kCopyBytes, step.size_bytes));
    for (Position at = step.position; const std::size_t got = source->read_at(at, buffer); at = at + got) {
      target->append(Bytes{buffer}.first(got));
    }
    target->sync();
    if (!same_content(*source, step.position, *target)) {
      throw IoError(beside, "read back what was written to", EIO);
    }
  }
  files_->rename(beside, step.to);
  files_->sync_directory(folder);
}

}  // namespace kseg
