#include "formats/message_schema.h"

namespace kseg {
namespace {

using namespace schema;

constexpr Field kTopicIdPartitionEntry[] = {
    {"name", string, "0+"},
    {"id", uuid, "0+"},
    {"partition", int32, "0+"},
};

constexpr Field kRemoteLogSegmentIdEntry[] = {
    {"topicIdPartition", kTopicIdPartitionEntry, "0+"},
    {"id", uuid, "0+"},
};

constexpr Field kSegmentLeaderEpochEntry[] = {
    {"leaderEpoch", int32, "0+"},
    {"offset", int64, "0+"},
};

constexpr Field kRemoteLogSegmentMetadataRecord[] = {
    {"remoteLogSegmentId", kRemoteLogSegmentIdEntry, "0+"},
    {"startOffset", int64, "0+"},
    {"endOffset", int64, "0+"},
    {"brokerId", int32, "0+"},
    {"maxTimestampMs", int64, "0+"},
    {"eventTimestampMs", int64, "0+"},
    {"segmentLeaderEpochs", array(kSegmentLeaderEpochEntry), "0+"},
    {"segmentSizeInBytes", int32, "0+"},
    {"customMetadata", nullable(bytes), "0+"},
    {"remoteLogSegmentState", int8, "0+"},
    {"txnIndexEmpty", boolean, "0+", tagged(0, "false")},
};

constexpr Field kRemoteLogSegmentMetadataUpdateRecord[] = {
    {"remoteLogSegmentId", kRemoteLogSegmentIdEntry, "0+"},
    {"brokerId", int32, "0+"},
    {"eventTimestampMs", int64, "0+"},
    {"customMetadata", nullable(bytes), "0+"},
    {"remoteLogSegmentState", int8, "0+"},
};

constexpr Field kRemotePartitionDeleteMetadataRecord[] = {
    {"topicIdPartition", kTopicIdPartitionEntry, "0+"},
    {"brokerId", int32, "0+"},
    {"eventTimestampMs", int64, "0+"},
    {"remotePartitionDeleteState", int8, "0+"},
};

constexpr Field kRemoteLogSegmentMetadataSnapshotRecord[] = {
    {"segmentId", uuid, "0+"},
    {"startOffset", int64, "0+"},
    {"endOffset", int64, "0+"},
    {"brokerId", int32, "0+"},
    {"maxTimestampMs", int64, "0+"},
    {"eventTimestampMs", int64, "0+"},
    {"segmentLeaderEpochs", array(kSegmentLeaderEpochEntry), "0+"},
    {"segmentSizeInBytes", int32, "0+"},
    {"customMetadata", nullable(bytes), "0+"},
    {"remoteLogSegmentState", int8, "0+"},
    {"txnIndexEmpty", boolean, "0+", tagged(0, "false")},
};

constexpr MetadataRecordSchema kRemoteLogMetadata[] = {
    {0, "RemoteLogSegmentMetadataRecord", {"0", "0+", kRemoteLogSegmentMetadataRecord}},
    {1, "RemoteLogSegmentMetadataUpdateRecord", {"0", "0+", kRemoteLogSegmentMetadataUpdateRecord}},
    {2, "RemotePartitionDeleteMetadataRecord", {"0", "0+", kRemotePartitionDeleteMetadataRecord}},
    {3, "RemoteLogSegmentMetadataSnapshotRecord", {"0", "0+", kRemoteLogSegmentMetadataSnapshotRecord}},
};

}  // namespace

std::span<const MetadataRecordSchema> remote_log_metadata_schema() {
  return kRemoteLogMetadata;
}

}  // namespace kseg
