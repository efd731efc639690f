#include "lib/cluster_metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/control_record.h"
#include "formats/metadata_record.h"
#include "lib/partition_log.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxDefects = 100;
constexpr int kAttempts = 3;  // beside a broker that removes snapshots and segments

std::string metadata_folder_name() {
  return to_string(TopicPartition{std::string(kClusterMetadataTopic), 0});
}

const ClusterMetadata::Settings& found_in(
    const std::map<std::string, ClusterMetadata::Settings, std::less<>>& settings, std::string_view name) {
  static const ClusterMetadata::Settings kNone;
  const auto found = settings.find(name);
  return found == settings.end() ? kNone : found->second;
}

}  // namespace

std::optional<Path> find_cluster_metadata(FileSystem& files, const Path& directory) {
  const auto is_folder = [&](const Path& path) {
    const auto info = files.info(path);
    return info && info->is_directory;
  };
  if (!is_folder(directory)) return std::nullopt;
  if (Path inside = directory / metadata_folder_name(); is_folder(inside)) return inside;
  const Path named = directory.has_filename() ? directory : directory.parent_path();
  if (named.filename() == metadata_folder_name()) return directory;
  return std::nullopt;
}

std::string_view name(Assignment assignment) {
  switch (assignment) {
    case Assignment::assigned: return "assigned";
    case Assignment::no_topic_id: return "no_topic_id";
    case Assignment::unknown_topic: return "unknown_topic";
    case Assignment::other_topic: return "other_topic";
    case Assignment::unknown_partition: return "unknown_partition";
    case Assignment::other_brokers: return "other_brokers";
  }
  return "";
}

// Replays records in the order in which the controllers wrote them.
class ClusterMetadata::Reader {
 public:
  Reader(FileSystem& files, const Path& folder) : files_(files), folder_(folder) {}

  ClusterMetadata read() {
    const PartitionLog log = PartitionLog::open(files_, folder_);
    std::optional<MetadataSnapshotName> newest;
    std::string newest_file;
    for (const std::string& file : log.other_files()) {  // their names ascend with their offsets
      const auto snapshot = parse_metadata_snapshot_name(file);
      if (!snapshot || snapshot->state != MetadataSnapshotName::State::current) continue;
      newest = snapshot;
      newest_file = file;
    }
    if (newest) read_snapshot(folder_ / newest_file);

    next_ = newest ? newest->offset : Offset{0};
    gap_told_ = false;
    if (!log.segments().empty()) begin_log(log.segments().front());
    for (const Segment& segment : log.segments()) {
      read_file(segment.log, &segment == &log.active() ? Kind::active_segment : Kind::segment);
    }
    if (!newest && log.segments().empty()) {
      metadata_.notes_.push_back(fmt::format("{}: holds nothing", folder_.string()));
    }
    if (transaction_) {
      metadata_.notes_.push_back(
          fmt::format("{}: {} records of a metadata transaction that was not ended are left out",
                      folder_.string(), transaction_->size()));
    }
    return std::move(metadata_);
  }

 private:
  enum class Kind { snapshot, segment, active_segment };

  void add(Defect defect) {
    defective_ = true;
    if (metadata_.defects_.size() < kMaxDefects) metadata_.defects_.push_back({file_, std::move(defect)});
  }

  void add_here(DefectCode code, std::string found) {
    add({.code = code, .position = batch_at_, .offset = record_at_, .found = std::move(found)});
  }

  void read_snapshot(const Path& path) {
    footer_ = false;
    read_file(path, Kind::snapshot);
    if (footer_ || defective_) return;
    add({.code = DefectCode::truncated,
         .position = snapshot_end_,
         .expected = std::string(kseg::name(ControlType::snapshot_footer)),
         .found = "the end of the file"});
  }

  void begin_log(const Segment& first) {
    expected_ = first.base_offset;
    if (expected_ <= next_) return;
    file_ = first.log;
    add({.code = DefectCode::missing_file,
         .position = {},
         .offset = expected_,
         .expected = fmt::format("a log or a snapshot that says what was from offset {} on", next_),
         .found = fmt::format("a log that begins at {}", expected_)});
  }

  void read_file(const Path& path, Kind kind) {
    file_ = path;
    const auto file = files_.open(path);
    SegmentReader reader(*file);
    while (true) {
      const auto batch = reader.next();
      if (!batch) {
        if (kind == Kind::active_segment && batch.error().code == DefectCode::torn_tail) {
          metadata_.notes_.push_back(
              fmt::format("{}: position {}: a torn end is left out", path.string(), batch.error().position));
        } else {
          add(batch.error());
          gap_told_ = true;
        }
        continue;
      }
      if (!*batch) break;
      read_batch(**batch);
    }
    snapshot_end_ = reader.end();
  }

  void read_batch(const RecordBatchView& batch) {
    const RecordBatchHeader& header = batch.header;
    batch_at_ = batch.position;
    record_at_ = header.base_offset;
    if (header.base_offset != expected_ && !gap_told_) {
      add({.code = DefectCode::offset_order,
           .position = batch.position,
           .offset = header.base_offset,
           .expected = fmt::format("{}", expected_),
           .found = fmt::format("{}", header.base_offset)});
    }
    gap_told_ = false;
    expected_ = header.next_offset();
    if (expected_ <= next_) return;  // the snapshot has it
    footer_ = false;
    const auto records = uncompressed_records(batch, decompressor_, scratch_);
    if (!records) {
      add(records.error());
    } else {
      RecordReader reader(header, records->bytes);
      for (RecordView record; reader.next(record);) {
        record_at_ = record.offset;
        if (header.is_control()) {
          const auto type = decode_control_type(record);
          footer_ = type && *type == ControlType::snapshot_footer;
        } else if (record.offset >= next_) {
          take(record.value.value_or(Bytes{}));
        }
      }
      if (reader.defect()) add_here(reader.defect()->code, reader.defect()->found);
    }
    next_ = header.next_offset();
  }

  void take(Bytes value) {
    auto record = decode_metadata_record(value);
    if (!record) {
      Defect defect = record.error();
      defect.position = batch_at_;
      defect.offset = record_at_;
      return add(std::move(defect));
    }
    if (!*record) return;
    if (std::holds_alternative<BeginTransactionRecord>(**record)) {
      if (transaction_) add_here(DefectCode::bad_record, "a transaction inside of another");
      transaction_.emplace();
    } else if (std::holds_alternative<EndTransactionRecord>(**record)) {
      if (!transaction_) return add_here(DefectCode::bad_record, "the end of a transaction that is not open");
      for (MetadataRecord& each : *transaction_) apply(std::move(each));
      transaction_.reset();
    } else if (std::holds_alternative<AbortTransactionRecord>(**record)) {
      if (!transaction_) add_here(DefectCode::bad_record, "the abort of a transaction that is not open");
      transaction_.reset();
    } else if (transaction_) {
      transaction_->push_back(std::move(**record));
    } else {
      apply(std::move(**record));
    }
  }

  void apply(MetadataRecord record) {
    std::visit([this](auto& each) { apply(each); }, record);
  }

  void apply(TopicRecord& record) {
    if (const Topic* same_name = metadata_.topic(record.name)) metadata_.topics_.erase(same_name->id);
    if (const Topic* same_id = metadata_.topic(record.topic_id)) metadata_.ids_.erase(same_id->name);
    metadata_.ids_[record.name] = record.topic_id;
    metadata_.topics_[record.topic_id] = {
        .name = std::move(record.name), .id = record.topic_id, .partitions = {}};
  }

  // Takes the settings along: a topic of the same name that is created later begins without any.
  void apply(RemoveTopicRecord& record) {
    const auto found = metadata_.topics_.find(record.topic_id);
    if (found == metadata_.topics_.end()) return unknown_topic(record.topic_id);
    metadata_.topic_settings_.erase(found->second.name);
    metadata_.ids_.erase(found->second.name);
    metadata_.topics_.erase(found);
  }

  void apply(PartitionRecord& record) {
    const auto found = metadata_.topics_.find(record.topic_id);
    if (found == metadata_.topics_.end()) return unknown_topic(record.topic_id);
    found->second.partitions[record.partition] = {.replicas = std::move(record.replicas),
                                                  .directories = std::move(record.directories)};
  }

  void apply(PartitionChangeRecord& record) {
    const auto topic = metadata_.topics_.find(record.topic_id);
    if (topic == metadata_.topics_.end()) return unknown_topic(record.topic_id);
    const auto found = topic->second.partitions.find(record.partition);
    if (found == topic->second.partitions.end()) {
      return add_here(DefectCode::bad_record, fmt::format("partition {} of {}, which has none such",
                                                          record.partition, topic->second.name));
    }
    Partition& partition = found->second;
    if (record.replicas) {
      partition.replicas = std::move(*record.replicas);
      partition.directories.clear();  // unless they follow, they are not known
    }
    if (record.directories) partition.directories = std::move(*record.directories);
  }

  void apply(ConfigRecord& record) {
    if (record.resource == ConfigResource::topic) set(metadata_.topic_settings_, record);
    if (record.resource == ConfigResource::broker) set(metadata_.broker_settings_, record);
  }

  // take() keeps these to itself.
  void apply(BeginTransactionRecord&) {}
  void apply(EndTransactionRecord&) {}
  void apply(AbortTransactionRecord&) {}

  static void set(std::map<std::string, Settings, std::less<>>& all, ConfigRecord& record) {
    if (record.value) {
      all[std::move(record.resource_name)][std::move(record.name)] = std::move(*record.value);
      return;
    }
    const auto found = all.find(record.resource_name);
    if (found == all.end()) return;
    found->second.erase(record.name);
    if (found->second.empty()) all.erase(found);
  }

  void unknown_topic(const Uuid& id) {
    add_here(DefectCode::bad_record, fmt::format("topic {}, which is not there", to_string(id)));
  }

  FileSystem& files_;
  Path folder_;
  ClusterMetadata metadata_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
  std::optional<std::vector<MetadataRecord>> transaction_;  // the open one's records
  Offset next_;                                             // what is below counts already
  Offset expected_;                                         // of the batch that comes next
  bool gap_told_ = false;                                   // of the batch that comes next
  bool footer_ = false;                                     // was the last record
  bool defective_ = false;
  Position snapshot_end_;
  // Where we are.
  Path file_;
  Position batch_at_;
  Offset record_at_;
};

ClusterMetadata ClusterMetadata::read(FileSystem& files, const Path& folder) {
  for (int attempt = 1; attempt < kAttempts; ++attempt) {
    if (auto metadata = unless_missing([&] { return Reader(files, folder).read(); }))
      return std::move(*metadata);
  }
  return Reader(files, folder).read();
}

const ClusterMetadata::Topic* ClusterMetadata::topic(std::string_view topic_name) const {
  const auto id = ids_.find(topic_name);
  return id == ids_.end() ? nullptr : topic(id->second);
}

const ClusterMetadata::Topic* ClusterMetadata::topic(const Uuid& topic_id) const {
  const auto found = topics_.find(topic_id);
  return found == topics_.end() ? nullptr : &found->second;
}

const ClusterMetadata::Partition* ClusterMetadata::partition(const Uuid& topic_id,
                                                             std::int32_t partition) const {
  const Topic* const of = topic(topic_id);
  if (of == nullptr) return nullptr;
  const auto found = of->partitions.find(partition);
  return found == of->partitions.end() ? nullptr : &found->second;
}

const ClusterMetadata::Settings& ClusterMetadata::settings_of_topic(std::string_view topic_name) const {
  return found_in(topic_settings_, topic_name);
}

const ClusterMetadata::Settings& ClusterMetadata::settings_of_broker(std::int32_t node_id) const {
  return settings_of_broker_name(fmt::format("{}", node_id));
}

const ClusterMetadata::Settings& ClusterMetadata::settings_of_broker_name(std::string_view name) const {
  return found_in(broker_settings_, name);
}

Assignment ClusterMetadata::assignment(const TopicPartition& partition, const std::optional<Uuid>& topic_id,
                                       std::optional<std::int32_t> node_id) const {
  if (partition.topic == kClusterMetadataTopic) return Assignment::assigned;
  if (!topic_id) return Assignment::no_topic_id;
  const Topic* const of_name = topic(partition.topic);
  const Topic* const of_id = topic(*topic_id);
  if (of_name != of_id) return Assignment::other_topic;
  if (of_id == nullptr) return Assignment::unknown_topic;
  const Partition* const found = this->partition(*topic_id, partition.partition);
  if (found == nullptr) return Assignment::unknown_partition;
  const auto& replicas = found->replicas;
  if (node_id && std::find(replicas.begin(), replicas.end(), *node_id) == replicas.end()) {
    return Assignment::other_brokers;
  }
  return Assignment::assigned;
}

}  // namespace kseg
