#include "lib/retention.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "formats/producer_snapshot.h"
#include "formats/time_index.h"
#include "lib/active_segment.h"
#include "lib/cleanable_range.h"
#include "lib/log_end.h"
#include "lib/rollback.h"
#include "lib/segment_start.h"

namespace kseg {
namespace {

// Where a log ends, as a broker finds it after a clean shutdown: from the active segment's last index entry
// on, by headers.
struct Tail {
  Offset next_offset;
  std::int64_t largest_timestamp_ms = kNoTimestamp;  // of what was read
  std::optional<LocatedDefect> defect;
};

Tail read_tail(FileSystem& files, const Segment& active) {
  Tail tail{.next_offset = active.base_offset};
  const auto file = files.open(active.log);
  const Position end{file->info().size_bytes};
  SegmentReader reader(*file, {.payload = SegmentReader::Payload::skip,
                               .begin = last_indexed_start(files, active, *file, end)});
  while (true) {
    const auto batch = reader.next();
    if (!batch) {
      if (!tail.defect) tail.defect = LocatedDefect{active.log, batch.error()};
      continue;
    }
    if (!*batch) return tail;
    tail.next_offset = std::max(tail.next_offset, (*batch)->header.next_offset());
    tail.largest_timestamp_ms = std::max(tail.largest_timestamp_ms, (*batch)->header.max_timestamp);
  }
}

// Topics that brokers make for themselves, with settings of their own.
bool is_brokers_own(const TopicPartition& partition) {
  static constexpr std::string_view kTopics[] = {"__consumer_offsets", "__transaction_state",
                                                 "__share_group_state", "__remote_log_metadata"};
  return std::find(std::begin(kTopics), std::end(kTopics), partition.topic) != std::end(kTopics);
}

Refusal damaged(std::string reason, std::vector<LocatedDefect> defects) {
  return {.reason = std::move(reason), .hint = "verify shows all of it", .defects = std::move(defects)};
}

// The files of segments that go, and of what takes their place if all do.
class Removal {
 public:
  Removal(FileSystem& files, const PartitionLog& log) : files_(files), log_(log) {}

  // An empty active segment at the log's end, as a broker leaves it after a clean shutdown.
  void roll(const LogEnd& end, Offset log_start) {
    Rollback rollback(files_);
    try {
      const Offset base = end.next_offset;
      // A snapshot at the log start says nothing: a broker has none there.
      if (end.newest_snapshot != base && base > log_start) take_snapshot(rollback, end);
      const Path transactions = path(SegmentFileKind::transaction_index, base);
      if (files_.info(transactions)) {  // an orphan of another segment
        rollback.will_replace(transactions);
        files_.remove(transactions);
      }
      ActiveSegment::Options options{.folder = log_.folder(), .base_offset = base};
      if (const auto active = files_.info(log_.active().log)) options.mode = active->mode;
      const auto owner = files_.info(log_.folder());
      if (geteuid() == 0 && owner) options.owner = {owner->user_id, owner->group_id};
      ActiveSegment(files_, rollback, options, {.indexes = SegmentIndexes(base, 0)}, true);
    } catch (...) {
      undo(rollback);
      throw;
    }
  }

  // Its `.log` first, and durably: without it the others are orphans, which a broker removes; without them
  // it would be read as if it had never had an aborted transaction.
  void remove(const Segment& segment) {
    std::vector<Path> retired;
    const auto retire = [&](const Path& file) {
      Path to = file;
      to += extension(FileState::deleted);
      files_.rename(file, to);
      retired.push_back(std::move(to));
    };
    retire(segment.log);
    files_.sync_directory(log_.folder());
    for (const auto& file : {segment.offset_index, segment.time_index, segment.transaction_index}) {
      if (file) retire(*file);
    }
    const auto snapshot = log_.snapshots().find(segment.base_offset);
    if (snapshot != log_.snapshots().end()) retire(snapshot->second);
    for (const Path& file : retired) files_.remove(file);
  }

 private:
  Path path(SegmentFileKind kind, Offset offset) const {
    return log_.folder() / to_string({.kind = kind, .offset = offset});
  }

  void take_snapshot(Rollback& rollback, const LogEnd& end) {
    auto entries = end.producers.entries();
    std::sort(entries.begin(), entries.end(), [](const ProducerStateEntry& a, const ProducerStateEntry& b) {
      return a.producer_id < b.producer_id;
    });
    ByteBuffer bytes;
    encode_producer_snapshot(entries, bytes);
    const Path snapshot = path(SegmentFileKind::producer_snapshot, end.next_offset);
    rollback.will_replace(snapshot);
    replace_file(files_, snapshot, bytes);
  }

  static void undo(Rollback& rollback) {
    try {
      rollback.run();
    } catch (...) {
      // What stopped us says more; an empty segment at the log's end is no harm, nor is part of one.
    }
  }

  FileSystem& files_;
  const PartitionLog& log_;
};

}  // namespace

// One partition's.
class Retention::Run {
 public:
  Run(FileSystem& files, const RetentionRequest& request, const TopicConfig& config, const Root* root,
      const Path& partition)
      : files_(files),
        request_(request),
        config_(config),
        root_(root),
        log_(PartitionLog::open(files, partition)) {}

  std::variant<RetentionReport, Refusal> run() {
    if (auto refusal = check_state()) return *refusal;
    find_offsets();
    report_.config = config_of_partition();
    if (auto refusal = find_end()) return *refusal;
    decide();
    if (auto refusal = check_what_goes()) return *refusal;
    if (!request_.dry_run) carry_out();
    return std::move(report_);
  }

 private:
  const Path& partition() const { return log_.folder(); }
  bool at_rest() const { return root_ == nullptr || root_->at_rest; }

  std::optional<Refusal> check_state() {
    const auto& name = log_.name();
    if (root_ != nullptr && (!name || name->kind != PartitionFolderKind::current)) {
      return refuse_folder_name(partition());
    }
    if (name && name->partition.topic == kClusterMetadataTopic) {
      return Refusal{.reason =
                         fmt::format("{}: the metadata log is the controllers' own", partition().string())};
    }
    if (log_.segments().empty()) return refuse_no_segment(partition());
    if (auto refusal = refuse_listing(log_)) return refusal;
    return std::nullopt;
  }

  void find_offsets() {
    report_.log_start_before = log_.segments().front().base_offset;
    if (root_ == nullptr) {
      report_.warnings.push_back(
          fmt::format("{}: no log directory around this folder: the high watermark is unknown, all of the "
                      "log counts as replicated",
                      partition().string()));
      return;
    }
    checkpoints_ = root_->checkpoints.of(log_.name()->partition);
    report_.log_start_before = std::max(report_.log_start_before, checkpoints_.log_start.value_or(Offset{0}));
    report_.high_watermark = checkpoints_.high_watermark;
    if (report_.high_watermark) return;
    // A broker takes a missing one for 0, which it raises to the log start.
    report_.high_watermark = Offset{0};
    report_.warnings.push_back(fmt::format("{}: no entry in {}: nothing counts as replicated",
                                           partition().string(), kReplicationCheckpoint));
  }

  // The settings by which this partition is kept, and whether its policy is beyond doubt.
  TopicConfig config_of_partition() {
    TopicConfig config = config_;
    if (!config.known_to_be_compacted()) {
      report_.doubt = PolicyDoubt::unknown;
    } else if (config.deletes && config.source("cleanup.policy") == SettingSource::command_line) {
      const auto& name = log_.name();
      if (name && is_brokers_own(name->partition)) {
        report_.doubt = PolicyDoubt::brokers_own;
      } else if (checkpoints_.first_dirty && !config.compact) {
        report_.doubt = PolicyDoubt::compacted;
      }
    }
    if (report_.doubt != PolicyDoubt::none) config.deletes = false;
    // Where nobody looked up what the topic or its broker sets, a default is a guess.
    const bool is_guess = !config.topic_known && config.source("retention.ms") == SettingSource::kafka;
    if (is_guess) {
      report_.retention_ms_unknown = config.deletes;
      config.retention_ms = -1;
    }
    return config;
  }

  std::optional<Refusal> find_end() {
    tail_ = read_tail(files_, log_.active());
    if (tail_.defect && at_rest()) {
      return damaged("the end of the log is damaged, nothing was changed", {*tail_.defect});
    }
    report_.log_end = tail_.next_offset;
    if (report_.log_start_before > report_.log_end) {
      return Refusal{.reason = fmt::format("{}: the log start, {}, lies behind the end of the log, {}",
                                           partition().string(), report_.log_start_before, report_.log_end),
                     .hint = "a broker that starts throws such a log away"};
    }
    if (report_.high_watermark) {
      report_.high_watermark = std::clamp(*report_.high_watermark, report_.log_start_before, report_.log_end);
    }
    return std::nullopt;
  }

  std::int64_t largest_ms(const Segment& segment) const {
    if (&segment != &log_.active() || at_rest()) return largest_timestamp_ms(files_, segment);
    // The index of a segment that is being written is behind the log.
    const std::int64_t indexed_ms = indexed_timestamp_ms(files_, segment).value_or(kNoTimestamp);
    const std::int64_t largest_ms = std::max(indexed_ms, tail_.largest_timestamp_ms);
    return largest_ms >= 0 ? largest_ms : segment.mtime_ms();
  }

  void decide() {
    std::vector<SegmentAge> ages;
    for (const Segment& segment : log_.segments()) {
      ages.push_back({.base_offset = segment.base_offset,
                      .size_bytes = segment.size_bytes,
                      .largest_timestamp_ms = largest_ms(segment)});
      report_.bytes_before += segment.size_bytes;
    }
    report_.segments_before = ages.size();
    const auto retention =
        SegmentRetention::of(ages, report_.config,
                             {.log_start = report_.log_start_before,
                              .log_end = report_.log_end,
                              .high_watermark = report_.high_watermark.value_or(report_.log_end),
                              .now_ms = request_.now_ms});
    for (std::size_t i = 0; i < retention.gone.size(); ++i) {
      report_.gone.push_back({.segment = log_.segments()[i], .age = ages[i], .reason = retention.gone[i]});
      report_.bytes_gone += ages[i].size_bytes;
    }
    report_.log_start = retention.log_start;
    report_.rolled = retention.rolls;
    report_.next = retention.next;
    if (report_.next) report_.next_segment = log_.segments()[report_.next->index];
  }

  std::optional<Refusal> check_what_goes() {
    std::vector<LocatedDefect> defects;
    for (const RetentionReport::Gone& gone : report_.gone) {
      if (gone.reason != RetentionReason::time || !gone.segment.time_index) continue;
      const ByteBuffer bytes = read_file(files_, *gone.segment.time_index);
      auto defect = TimeIndexView(bytes, gone.segment.base_offset).check();
      if (defect) defects.push_back({*gone.segment.time_index, std::move(*defect)});
    }
    if (!defects.empty()) {
      return damaged("what tells the age of a segment is damaged, nothing was changed", std::move(defects));
    }
    if (report_.gone.empty()) return std::nullopt;

    const Path epochs = partition() / kLeaderEpochCheckpoint;
    if (files_.info(epochs)) {
      auto entries = decode_leader_epoch_checkpoint(read_file(files_, epochs));
      if (!entries) return refuse_checkpoint(epochs, entries.error());
      epochs_ = LeaderEpochs(std::move(*entries));
    }
    if (!report_.rolled || !at_rest()) return std::nullopt;
    end_ = LogEnd::of(files_, log_,
                      {.log_start = report_.log_start_before,
                       .now_ms = request_.now_ms,
                       .producer_expiration_ms = report_.config.producer_id_expiration_ms});
    auto& warnings = report_.warnings;
    warnings.insert(warnings.end(), end_->notes.begin(), end_->notes.end());
    if (end_->torn_tail) end_->defects.push_back(*end_->torn_tail);
    if (end_->defects.empty() && end_->next_offset == report_.log_end) return std::nullopt;
    return damaged("the end of the log is damaged, nothing was changed", std::move(end_->defects));
  }

  void carry_out() {
    if (report_.gone.empty()) return;
    Removal removal(files_, log_);
    if (report_.rolled) removal.roll(*end_, report_.log_start_before);
    for (const RetentionReport::Gone& gone : report_.gone) removal.remove(gone.segment);
    files_.sync_directory(partition());

    // Only now, as what is left over of a stop before is harmless: epochs below the log start, and a log
    // start below the first segment.
    if (epochs_.begin_at(report_.log_start)) {
      replace_file(files_, partition() / kLeaderEpochCheckpoint,
                   as_bytes(encode_leader_epoch_checkpoint(epochs_.entries())));
    }
    const Offset first = report_.rolled ? report_.log_end : log_.segments()[report_.gone.size()].base_offset;
    if (checkpoints_.log_start && *checkpoints_.log_start <= first) {
      root_->directory.drop_from_checkpoint(kLogStartCheckpoint, log_.name()->partition);
    }
  }

  FileSystem& files_;
  const RetentionRequest& request_;
  const TopicConfig& config_;
  const Root* root_;
  PartitionLog log_;
  LogDirCheckpoints::Of checkpoints_;
  Tail tail_;
  std::optional<LogEnd> end_;  // if the active segment goes too
  LeaderEpochs epochs_;
  RetentionReport report_;
};

Retention::Root* Retention::root_of(const Path& partition) {
  auto directory = LogDir::parent_of(files_, partition);
  if (!directory) return nullptr;
  const Path path = directory->path();
  const auto [found, is_new] = roots_.try_emplace(path, Root{.directory = std::move(*directory), .lock = {}});
  if (is_new) look_at(found->second);
  return &found->second;
}

void Retention::look_at(Root& root) {
  const LogDir& directory = root.directory;
  if (request_.dry_run && directory.in_use()) {
    root.at_rest = false;
    root.warnings.push_back(
        fmt::format("{}: in use by a running broker: this is how it looks now", directory.path().string()));
  } else {
    if (!request_.dry_run) root.lock = directory.lock();
    if (!request_.dry_run && !root.lock) {
      root.refusal = refuse_running_broker(directory, "stop the broker first; -n works beside it");
      return;
    }
    root.at_rest = directory.cleanly_shut_down();
    if (!root.at_rest) {
      Refusal refusal = refuse_unclean(
          directory, "start and stop the broker once so that it recovers the log; -n works as it is");
      if (!request_.dry_run) {
        root.refusal = std::move(refusal);
        return;
      }
      root.warnings.push_back(refusal.reason + ": a broker would first recover the end of its logs");
    }
  }
  root.checkpoints = LogDirCheckpoints::read(directory);
  for (const std::string_view name : {kLogStartCheckpoint, kReplicationCheckpoint, kCleanerCheckpoint}) {
    const Defect* const defect = root.checkpoints.defect(name);
    if (defect == nullptr) continue;
    root.refusal = refuse_checkpoint(directory.path() / name, *defect);
    return;
  }
}

std::variant<RetentionReport, Refusal> Retention::apply(const Path& partition, const TopicConfig& config) {
  static constexpr int kAttempts = 8;
  Root* const root = root_of(partition);
  if (root != nullptr && root->refusal) return *root->refusal;
  for (int attempt = 1;; ++attempt) {
    try {
      auto outcome = Run(files_, request_, config, root, partition).run();
      if (auto* report = std::get_if<RetentionReport>(&outcome); report != nullptr && root != nullptr) {
        auto& warnings = report->warnings;
        warnings.insert(warnings.begin(), root->warnings.begin(), root->warnings.end());
        root->warnings.clear();
      }
      return outcome;
    } catch (const IoError& error) {
      // A broker at work removes files at any time.
      const bool again = request_.dry_run && error.missing() && attempt < kAttempts && files_.info(partition);
      if (!again) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1 << attempt));
  }
}

}  // namespace kseg
