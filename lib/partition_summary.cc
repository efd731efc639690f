#include "lib/partition_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/partition_metadata.h"
#include "lib/segment_start.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

using Choice = CleaningCandidate::Choice;
using State = PartitionState;

std::optional<std::string_view> policy_of(const TopicConfig& config, bool in_cleaner_checkpoint) {
  if (!config.known_to_be_compacted()) {
    if (in_cleaner_checkpoint) return "compact";
    return std::nullopt;
  }
  if (config.compact) return config.deletes ? "compact,delete" : "compact";
  return config.deletes ? "delete" : "none";
}

// When the first record of a batch was written, as far as its header tells.
std::int64_t first_timestamp(const RecordBatchHeader& header) {
  const bool base_counts = !header.delete_horizon_ms() && header.base_timestamp >= 0 &&
                           header.timestamp_type() == TimestampType::create_time;
  return base_counts ? header.base_timestamp : header.max_timestamp;
}

class Summarizer {
 public:
  Summarizer(FileSystem& files, const Path& folder, const PartitionSurroundings& around,
             const PartitionSummary::Limits& limits)
      : files_(files), around_(around), limits_(limits), log_(PartitionLog::open(files, folder)) {
    summary_.folder = folder;
    summary_.folder_name = log_.name();
  }

  PartitionSummary run() {
    for (const Segment& segment : log_.segments()) summary_.log_bytes += segment.size_bytes;
    summary_.segments = log_.segments().size();
    read_topic_id();
    read_settings();
    set_state_by_name();
    if (summary_.state != State::deleted) {
      tell_about_files();
      read_log();
      if (summary_.state == State::clean) set_state_by_content();
    }
    return std::move(summary_);
  }

 private:
  const TopicPartition* partition() const {
    return summary_.folder_name ? &summary_.folder_name->partition : nullptr;
  }
  bool is_metadata_log() const {
    return partition() != nullptr && partition()->topic == kClusterMetadataTopic;
  }
  // Whether a broker that starts reads the log again from the recovery point on.
  bool was_killed() const {
    return around_.root != nullptr && !around_.in_use && !around_.cleanly_shut_down && !is_metadata_log();
  }
  bool was_shut_down() const {
    return around_.root != nullptr && !around_.in_use && around_.cleanly_shut_down;
  }

  void note(std::string text) { summary_.notes.push_back(std::move(text)); }
  void damage(Path file, Defect defect) { summary_.defects.push_back({std::move(file), std::move(defect)}); }

  void read_topic_id() {
    const auto& names = log_.other_files();
    if (std::find(names.begin(), names.end(), kPartitionMetadata) == names.end()) return;
    const Path path = log_.folder() / kPartitionMetadata;
    const auto metadata = decode_partition_metadata(read_file(files_, path));
    if (metadata)
      summary_.topic_id = metadata->topic_id;
    else
      damage(path, metadata.error());
  }

  void read_settings() {
    CleaningCandidate& candidate = summary_.candidate;
    candidate.folder = log_.folder();
    candidate.log_bytes = summary_.log_bytes;
    if (partition() != nullptr) {
      candidate.partition = *partition();
      // Under the name of a stray or deleted one another may live by now.
      const PartitionFolderKind kind = summary_.folder_name->kind;
      if (kind == PartitionFolderKind::current || kind == PartitionFolderKind::future)
        stored_ = around_.checkpoints.of(*partition());
    }
    candidate.config = around_.settings.of(candidate.partition.topic, summary_.topic_id, summary_.notes);
    if (is_metadata_log()) {
      summary_.policy = "snapshots";
      return;
    }
    summary_.policy = policy_of(candidate.config, stored_.first_dirty.has_value());
    is_compacted_ = summary_.policy && summary_.policy->starts_with("compact");
  }

  void set_state_by_name() {
    if (!summary_.folder_name) return;
    switch (summary_.folder_name->kind) {
      case PartitionFolderKind::current: break;
      case PartitionFolderKind::deleted: summary_.state = State::deleted; return;
      case PartitionFolderKind::future: summary_.state = State::future_replica; return;
      case PartitionFolderKind::stray: summary_.state = State::stray; return;
    }
    const auto& metadata = around_.settings.metadata();
    if (around_.root == nullptr || is_metadata_log() || !metadata || !metadata->defects().empty()) return;
    const auto assignment = around_.settings.assignment(*partition(), summary_.topic_id);
    if (!assignment || !is_stray(*assignment)) return;
    summary_.state = State::stray;
    note(fmt::format("the metadata says {}: a broker that starts sets it aside", name(*assignment)));
  }

  void tell_about_files() {
    for (const std::string& name : log_.other_files()) {
      if (breaks_loading(name)) {
        damage(log_.folder() / name,
               {.code = DefectCode::bad_text,
                .expected = "a number in front of the suffix: no broker loads this folder"});
      }
    }
    for (const std::string& name : log_.other_files()) {
      const auto parsed = parse_segment_file_name(name);
      if (parsed && parsed->kind == SegmentFileKind::log && !is_canonical(name))
        note(fmt::format("{}: a broker takes it for {}", name, to_string(*parsed)));
    }
    const LoadPlan& plan = log_.load_plan();
    for (const auto& [from, to] : plan.renamed) note(fmt::format("{} stands for {}", from, to));
    if (!plan.removed.empty() && !around_.in_use)
      note(fmt::format("left-over files that a broker that starts removes: {}", plan.removed.size()));
    if (log_.segments().empty()) note("no .log file: a broker that starts begins an empty log");
  }

  void read_log() {
    if (log_.segments().empty()) {
      const Offset start = stored_.log_start.value_or(Offset{0});
      summary_.log_start = summary_.log_end = summary_.last_stable = start;
      if (is_compacted_) summary_.candidate.choice = Choice::nothing_to_clean;
      return;
    }
    read_first_header();
    const LogOutline outline =
        LogOutline::of(files_, log_,
                       {.log_start = stored_.log_start,
                        .now_ms = limits_.now_ms,
                        .producer_expiration_ms = summary_.candidate.config.producer_id_expiration_ms,
                        .max_replay_bytes = is_compacted_ ? limits_.max_replay_bytes_if_compacted
                                                          : limits_.max_replay_bytes});
    summary_.log_start = outline.log_start;
    summary_.log_end = outline.log_end;
    for (const LocatedDefect& defect : outline.defects) take(defect);
    read_newest_time(outline.max_timestamp);
    check_checkpoints();
    read_range(outline);
  }

  // Damage, or what a recovery or a later release of kseg would see to.
  void take(const LocatedDefect& located) {
    const Defect& defect = located.defect;
    const bool torn = defect.code == DefectCode::torn_tail && located.file == log_.active().log;
    if (torn && around_.in_use) return;  // a broker is writing it
    if (torn && !was_shut_down()) {
      torn_ = true;
      note(fmt::format("{} at position {} of {}", describe(defect), defect.position,
                       located.file.filename().native()));
      return;
    }
    if (torn) note("it was shut down cleanly: a broker would append behind the torn batch, out of reach");
    const bool known =
        std::any_of(summary_.defects.begin(), summary_.defects.end(), [&](const LocatedDefect& other) {
          return other.file == located.file && other.defect.position == defect.position;
        });
    if (!known) summary_.defects.push_back(located);
  }

  void read_first_header() {
    const auto& segments = log_.segments();
    const auto first = std::find_if(segments.begin(), segments.end(),
                                    [](const Segment& segment) { return segment.size_bytes > 0; });
    if (first == segments.end()) return;
    std::array<std::uint8_t, RecordBatchHeader::kSize> bytes{};
    const std::size_t read = files_.open(first->log)->read_at({}, bytes);
    const auto header = decode_record_batch_header(Bytes(bytes).first(read));
    const bool is_active = first->log == log_.active().log;
    if (!header) {
      // The end of the active segment is told by the outline; a torn one has no header to speak of.
      if (!is_active) take({first->log, header.error()});
      return;
    }
    if (const auto defect = check_header(*header, {})) return take({first->log, *defect});
    if (header->base_offset < first->base_offset) {
      return take({first->log,
                   {.code = DefectCode::segment_range,
                    .offset = header->base_offset,
                    .expected = fmt::format("an offset from {} on", first->base_offset),
                    .found = fmt::format("{}", header->base_offset)}});
    }
    if (!is_active && header->size_bytes() > first->size_bytes) {
      return take({first->log,
                   {.code = DefectCode::torn_tail,
                    .offset = header->base_offset,
                    .expected = fmt::format("{} bytes", header->size_bytes()),
                    .found = fmt::format("{} bytes", first->size_bytes)}});
    }
    if (first_timestamp(*header) >= 0) summary_.oldest_ms = first_timestamp(*header);
  }

  // What was read of the active segment is behind its time index.
  void read_newest_time(std::int64_t newest_ms) {
    const auto& segments = log_.segments();
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
      if (segment->size_bytes == 0) continue;
      newest_ms = std::max(newest_ms, last_indexed_timestamp_ms(files_, *segment).value_or(-1));
      if (newest_ms >= 0) break;
    }
    if (newest_ms >= 0) summary_.newest_ms = newest_ms;
  }

  void check_checkpoints() {
    if (around_.root == nullptr || around_.in_use) return;
    const Offset log_end = *summary_.log_end;
    const auto beyond = [&](const std::optional<Offset>& offset) {
      return offset && *offset > log_end
                 ? std::optional(Defect{.code = DefectCode::offset_order,
                                        .offset = *offset,
                                        .expected = fmt::format("of {} at most the log end {}",
                                                                log_.folder().filename().native(), log_end),
                                        .found = fmt::format("{}", *offset)})
                 : std::nullopt;
    };
    if (auto defect = beyond(stored_.log_start)) {
      damage(around_.root->path() / kLogStartCheckpoint, *defect);
      note("the log starts behind its end: a broker that starts removes all of it");
    }
    // After a kill the end may be cut; a broker that then starts puts these right.
    for (const auto& [file, offset] : {std::pair(kRecoveryPointCheckpoint, stored_.recovery_point),
                                       std::pair(kReplicationCheckpoint, stored_.high_watermark)}) {
      const auto defect = beyond(offset);
      if (!defect) continue;
      if (was_shut_down())
        damage(around_.root->path() / file, *defect);
      else
        note(fmt::format("{} says {}, the log ends at {}: records are missing", file, *offset, log_end));
    }
  }

  void read_range(const LogOutline& outline) {
    CleaningCandidate& candidate = summary_.candidate;
    const bool has_checkpoints = around_.root != nullptr && summary_.folder_name &&
                                 summary_.folder_name->kind == PartitionFolderKind::current &&
                                 !is_metadata_log();
    if (outline.unread_bytes > 0)
      note(fmt::format("open transactions are not known: {} bytes since the newest producer snapshot",
                       outline.unread_bytes));
    std::optional<Offset> high_watermark;
    if (has_checkpoints) high_watermark = stored_.high_watermark.value_or(Offset{0});
    const CleanableRange range =
        CleanableRange::of(files_, log_, is_compacted_ ? candidate.config : TopicConfig{},
                           {.log_start = outline.log_start,
                            .log_end = outline.log_end,
                            .first_unstable = outline.first_unstable(),
                            .high_watermark = high_watermark,
                            .checkpoint = stored_.first_dirty,
                            .now_ms = limits_.now_ms});
    if (outline.unread_bytes == 0) summary_.last_stable = range.last_stable_offset;
    if (!is_compacted_) return;
    candidate.outline = outline;
    if (range.checkpoint_reset && *stored_.first_dirty > outline.log_end)
      for (const std::string& warning : range.warnings) note(warning);
    candidate.range = range;
    const bool is_sound = summary_.defects.empty() && !log_.load_plan().unfinished_swap();
    candidate.choice = is_sound ? choice_of(range, candidate.config, false) : Choice::refused;
  }

  void set_state_by_content() {
    std::vector<std::string> reasons;
    if (was_killed() && !log_.segments().empty()) {
      const Offset from = std::max(stored_.recovery_point.value_or(Offset{0}), *summary_.log_start);
      if (from < *summary_.log_end)
        reasons.push_back(
            fmt::format("not shut down cleanly: a broker that starts checks it from {} on", from));
    }
    // The metadata log is always checked whole.
    if (!around_.in_use && !is_metadata_log()) {
      for (const Segment& segment : log_.segments()) {
        if (!segment.offset_index)
          reasons.push_back(fmt::format("{} has no .index: a broker that starts makes it again",
                                        segment.log.filename().native()));
      }
    }
    if (!summary_.defects.empty())
      summary_.state = State::damaged;
    else if (log_.load_plan().unfinished_swap())
      summary_.state = State::unfinished_swap;
    else if (torn_ || !reasons.empty())
      summary_.state = State::needs_recovery;
    for (std::string& reason : reasons) note(std::move(reason));
  }

  FileSystem& files_;
  const PartitionSurroundings& around_;
  const PartitionSummary::Limits& limits_;
  PartitionLog log_;
  PartitionSummary summary_;
  LogDirCheckpoints::Of stored_;
  bool is_compacted_ = false;
  bool torn_ = false;
};

}  // namespace

std::string_view name(PartitionState state) {
  switch (state) {
    case PartitionState::clean: return "clean";
    case PartitionState::needs_recovery: return "needs_recovery";
    case PartitionState::damaged: return "damaged";
    case PartitionState::unfinished_swap: return "unfinished_swap";
    case PartitionState::future_replica: return "future";
    case PartitionState::stray: return "stray";
    case PartitionState::deleted: return "deleted";
  }
  return "";
}

std::optional<PartitionSummary> PartitionSummary::of(FileSystem& files, const Path& folder,
                                                     const PartitionSurroundings& around,
                                                     const Limits& limits) {
  // A broker removes segments at any time, whole folders seldom.
  constexpr int kAttempts = 5;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    auto summary = unless_missing([&] { return Summarizer(files, folder, around, limits).run(); });
    if (summary || !files.info(folder)) return summary;
  }
  return std::nullopt;
}

}  // namespace kseg
