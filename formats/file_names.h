// Names of files and folders in a log directory. Grammar: formats/file_names.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/offset.h"

namespace kseg {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

std::string to_string(const TopicPartition& partition);  // "orders-3"

enum class PartitionFolderKind { current, deleted, future, stray };

struct PartitionFolderName {
  TopicPartition partition;  // of a deleted or stray folder the topic may be cut short
  PartitionFolderKind kind = PartitionFolderKind::current;
};

// Nothing if a broker would not accept the folder's name.
std::optional<PartitionFolderName> parse_partition_folder_name(std::string_view name);

// 1 to 249 of a-z A-Z 0-9 . _ -, neither "." nor "..".
bool is_topic_name(std::string_view topic);

enum class SegmentFileKind { log, offset_index, time_index, transaction_index, producer_snapshot };
enum class FileState { current, deleted, cleaned, swap };

std::string_view extension(SegmentFileKind kind);  // ".log", ".index", ".timeindex", ".txnindex", ".snapshot"
std::string_view extension(FileState state);       // "", ".deleted", ".cleaned", ".swap"

struct SegmentFileName {
  SegmentFileKind kind = SegmentFileKind::log;
  Offset offset;  // of the segment's base; of a snapshot the offset it speaks for
  FileState state = FileState::current;
  friend bool operator==(const SegmentFileName&, const SegmentFileName&) = default;
};

// "00000000000000000042.log.swap". Offsets are 20 digits.
std::string to_string(const SegmentFileName& name);

// The number before the first dot, which is all that a broker looks at when it clears up left-overs.
// Nothing if there is none. Java parses it, so any number of digits will do, and a sign.
std::optional<Offset> leading_offset(std::string_view name);

// Nothing for other names. Any number of digits is parsed, as a broker does; is_canonical tells
// whether the name is the one a broker would open.
std::optional<SegmentFileName> parse_segment_file_name(std::string_view name);
bool is_canonical(std::string_view name);

// Files that stop a broker from loading the partition: a segment suffix behind something that is
// not a number.
bool breaks_loading(std::string_view name);

// `<offset>-<epoch>.checkpoint[.deleted]` and `<offset>-<epoch>-….checkpoint.part` of
// __cluster_metadata-0. Offsets are 20 digits, epochs 10.
struct MetadataSnapshotName {
  Offset offset;
  std::int32_t epoch = 0;
  enum class State { current, deleted, part } state = State::current;
};
std::optional<MetadataSnapshotName> parse_metadata_snapshot_name(std::string_view name);

inline constexpr std::string_view kLockFile = ".lock";
inline constexpr std::string_view kMetaProperties = "meta.properties";
inline constexpr std::string_view kCleanShutdownFile = ".kafka_cleanshutdown";
inline constexpr std::string_view kRecoveryPointCheckpoint = "recovery-point-offset-checkpoint";
inline constexpr std::string_view kLogStartCheckpoint = "log-start-offset-checkpoint";
inline constexpr std::string_view kReplicationCheckpoint = "replication-offset-checkpoint";
inline constexpr std::string_view kCleanerCheckpoint = "cleaner-offset-checkpoint";
// One of the four above, each `topic partition offset` a line.
bool is_offset_checkpoint(std::string_view name);

inline constexpr std::string_view kLeaderEpochCheckpoint = "leader-epoch-checkpoint";
inline constexpr std::string_view kPartitionMetadata = "partition.metadata";
inline constexpr std::string_view kRemoteLogIndexCache = "remote-log-index-cache";
inline constexpr std::string_view kClusterMetadataTopic = "__cluster_metadata";
inline constexpr std::string_view kBootstrapCheckpoint = "bootstrap.checkpoint";
inline constexpr std::string_view kQuorumState = "quorum-state";

}  // namespace kseg
