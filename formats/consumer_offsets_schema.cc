#include "formats/message_schema.h"

namespace kseg {
namespace {

using namespace schema;

// A line for each field and each type of record.
// clang-format off

constexpr Field kOffsetCommitKey[] = {
    {"group", string, "0+"},
    {"topic", string, "0+"},
    {"partition", int32, "0+"},
};

constexpr Field kGroupMetadataKey[] = {
    {"group", string, "0+"},
};

constexpr Field kGroupKey[] = {
    {"groupId", string, "0+"},
};

constexpr Field kMemberKey[] = {
    {"groupId", string, "0+"},
    {"memberId", string, "0+"},
};

constexpr Field kConsumerGroupRegularExpressionKey[] = {
    {"groupId", string, "0+"},
    {"regularExpression", string, "0+"},
};

constexpr Field kOffsetCommitValue[] = {
    {"offset", int64, "0+"},
    {"leaderEpoch", int32, "3+"},
    {"metadata", string, "0+"},
    {"commitTimestamp", int64, "0+"},
    {"expireTimestamp", int64, "1"},
    {"topicId", uuid, "4+", tagged(0, kNoUuid)},
};

constexpr Field kLegacyOffsetCommitValue[] = {
    {"offset", int64, "0"},
    {"metadata", string, "0"},
    {"commitTimestamp", int64, "0"},
};

constexpr Field kTopicPartition[] = {
    {"topic", string, "0+"},
    {"partitions", array(int32), "0+"},
};

constexpr Field kConsumerProtocolSubscription[] = {
    {"topics", array(string), "0+"},
    {"userData", nullable(bytes), "0+"},
    {"ownedPartitions", array(kTopicPartition), "1+"},
    {"generationId", int32, "2+"},
    {"rackId", nullable(string), "3+"},
};

constexpr Field kConsumerProtocolAssignment[] = {
    {"assignedPartitions", array(kTopicPartition), "0+"},
    {"userData", nullable(bytes), "0+"},
};

constexpr MessageSchema kSubscription{"0-3", "none", kConsumerProtocolSubscription};
constexpr MessageSchema kAssignment{"0-3", "none", kConsumerProtocolAssignment};

constexpr Field kMemberMetadata[] = {
    {"memberId", string, "0+"},
    {"groupInstanceId", nullable(string), "3+"},
    {"clientId", string, "0+"},
    {"clientHost", string, "0+"},
    {"rebalanceTimeout", int32, "1+"},
    {"sessionTimeout", int32, "0+"},
    {"subscription", embedded(kSubscription), "0+"},
    {"assignment", embedded(kAssignment), "0+"},
};

constexpr Field kGroupMetadataValue[] = {
    {"protocolType", string, "0+"},
    {"generation", int32, "0+"},
    {"protocol", nullable(string), "0+"},
    {"leader", nullable(string), "0+"},
    {"currentStateTimestamp", int64, "2+"},
    {"members", array(kMemberMetadata), "0+"},
};

constexpr Field kConsumerGroupMetadataValue[] = {
    {"epoch", int32, "0+"},
    {"metadataHash", int64, "0+", tagged(0, "0")},
};

constexpr Field kPartitionMetadata[] = {
    {"partition", int32, "0+"},
    {"racks", array(string), "0+"},
};

constexpr Field kTopicMetadata[] = {
    {"topicId", uuid, "0+"},
    {"topicName", string, "0+"},
    {"numPartitions", int32, "0+"},
    {"partitionMetadata", array(kPartitionMetadata), "0+"},
};

constexpr Field kConsumerGroupPartitionMetadataValue[] = {
    {"topics", array(kTopicMetadata), "0+"},
};

constexpr Field kClassicProtocol[] = {
    {"name", string, "0+"},
    {"metadata", bytes, "0+"},
};

constexpr Field kClassicMemberMetadata[] = {
    {"sessionTimeoutMs", int32, "0+"},
    {"supportedProtocols", array(kClassicProtocol), "0+"},
};

constexpr std::string_view kNoClassicMember = R"({"sessionTimeoutMs":0,"supportedProtocols":[]})";

constexpr Field kConsumerGroupMemberMetadataValue[] = {
    {"instanceId", nullable(string), "0+"},
    {"rackId", nullable(string), "0+"},
    {"clientId", string, "0+"},
    {"clientHost", string, "0+"},
    {"subscribedTopicNames", array(string), "0+"},
    {"subscribedTopicRegex", nullable(string), "0+"},
    {"rebalanceTimeoutMs", int32, "0+"},
    {"serverAssignor", nullable(string), "0+"},
    {"classicMemberMetadata", nullable(kClassicMemberMetadata), "0+", tagged(0, kNoClassicMember)},
};

constexpr Field kTargetAssignmentMetadataValue[] = {
    {"assignmentEpoch", int32, "0+"},
    {"assignmentTimestamp", int64, "0+", tagged(0, "0")},
};

constexpr Field kTopicPartitions[] = {
    {"topicId", uuid, "0+"},
    {"partitions", array(int32), "0+"},
};

constexpr Field kTargetAssignmentMemberValue[] = {
    {"topicPartitions", array(kTopicPartitions), "0+"},
};

constexpr Field kOwnedTopicPartitions[] = {
    {"topicId", uuid, "0+"},
    {"partitions", array(int32), "0+"},
    {"assignmentEpochs", nullable(array(int32)), "0+", tagged(0, "[]")},
};

constexpr Field kConsumerGroupCurrentMemberAssignmentValue[] = {
    {"memberEpoch", int32, "0+"},
    {"previousMemberEpoch", int32, "0+"},
    {"state", int8, "0+"},
    {"assignedPartitions", array(kOwnedTopicPartitions), "0+"},
    {"partitionsPendingRevocation", array(kOwnedTopicPartitions), "0+"},
};

constexpr Field kConsumerGroupRegularExpressionValue[] = {
    {"topics", array(string), "0+"},
    {"version", int64, "0+"},
    {"timestamp", int64, "0+"},
};

constexpr Field kShareGroupMetadataValue[] = {
    {"epoch", int32, "0+"},
    {"metadataHash", int64, "0+"},
};

constexpr Field kShareGroupMemberMetadataValue[] = {
    {"rackId", nullable(string), "0+"},
    {"clientId", string, "0+"},
    {"clientHost", string, "0+"},
    {"subscribedTopicNames", array(string), "0+"},
};

constexpr Field kShareGroupCurrentMemberAssignmentValue[] = {
    {"memberEpoch", int32, "0+"},
    {"previousMemberEpoch", int32, "0+"},
    {"state", int8, "0+"},
    {"assignedPartitions", array(kTopicPartitions), "0+"},
};

constexpr Field kTopicPartitionsInfo[] = {
    {"topicId", uuid, "0+"},
    {"topicName", string, "0+"},
    {"partitions", array(int32), "0+"},
};

constexpr Field kTopicInfo[] = {
    {"topicId", uuid, "0+"},
    {"topicName", string, "0+"},
};

constexpr Field kShareGroupStatePartitionMetadataValue[] = {
    {"initializingTopics", array(kTopicPartitionsInfo), "0+"},
    {"initializedTopics", array(kTopicPartitionsInfo), "0+"},
    {"deletingTopics", array(kTopicInfo), "0+"},
};

constexpr Field kKeyValue[] = {
    {"key", string, "0+"},
    {"value", string, "0+"},
};

constexpr Field kStreamsGroupMetadataValue[] = {
    {"epoch", int32, "0+"},
    {"metadataHash", int64, "0+"},
    {"validatedTopologyEpoch", int32, "0+", tagged(0, "-1")},
    {"lastAssignmentConfigs", nullable(array(kKeyValue)), "0+", tagged(1, "[]")},
    {"storedDescriptionTopologyEpoch", int32, "0+", tagged(2, "-1"), kSince44},
    {"failedDescriptionTopologyEpoch", int32, "0+", tagged(3, "-1"), kSince44},
};

constexpr Field kEndpoint[] = {
    {"host", string, "0+"},
    {"port", uint16, "0+"},
};

constexpr Field kStreamsGroupMemberMetadataValue[] = {
    {"instanceId", nullable(string), "0+"},
    {"rackId", nullable(string), "0+"},
    {"clientId", string, "0+"},
    {"clientHost", string, "0+"},
    {"rebalanceTimeoutMs", int32, "0+"},
    {"topologyEpoch", int32, "0+"},
    {"processId", string, "0+"},
    {"userEndpoint", nullable(kEndpoint), "0+"},
    {"clientTags", array(kKeyValue), "0+"},
};

constexpr Field kTaskIds[] = {
    {"subtopologyId", string, "0+"},
    {"partitions", array(int32), "0+"},
};

constexpr Field kStreamsGroupTargetAssignmentMemberValue[] = {
    {"activeTasks", array(kTaskIds), "0+"},
    {"standbyTasks", array(kTaskIds), "0+"},
    {"warmupTasks", array(kTaskIds), "0+"},
};

constexpr Field kOwnedTaskIds[] = {
    {"subtopologyId", string, "0+"},
    {"partitions", array(int32), "0+"},
    {"assignmentEpochs", nullable(array(int32)), "0+", tagged(0, "[]")},
};

constexpr Field kStreamsGroupCurrentMemberAssignmentValue[] = {
    {"memberEpoch", int32, "0+"},
    {"previousMemberEpoch", int32, "0+"},
    {"state", int8, "0+"},
    {"activeTasks", array(kOwnedTaskIds), "0+"},
    {"standbyTasks", array(kOwnedTaskIds), "0+"},
    {"warmupTasks", array(kOwnedTaskIds), "0+"},
    {"activeTasksPendingRevocation", array(kOwnedTaskIds), "0+"},
    {"standbyTasksPendingRevocation", array(kOwnedTaskIds), "0+"},
    {"warmupTasksPendingRevocation", array(kOwnedTaskIds), "0+"},
};

constexpr Field kInternalTopic[] = {
    {"name", string, "0+"},
    {"partitions", int32, "0+"},
    {"replicationFactor", int16, "0+"},
    {"topicConfigs", array(kKeyValue), "0+"},
};

constexpr Field kCopartitionGroup[] = {
    {"sourceTopics", array(int16), "0+"},
    {"sourceTopicRegex", array(int16), "0+"},
    {"repartitionSourceTopics", array(int16), "0+"},
};

constexpr Field kSubtopology[] = {
    {"subtopologyId", string, "0+"},
    {"sourceTopics", array(string), "0+"},
    {"sourceTopicRegex", array(string), "0+"},
    {"stateChangelogTopics", array(kInternalTopic), "0+"},
    {"repartitionSinkTopics", array(string), "0+"},
    {"repartitionSourceTopics", array(kInternalTopic), "0+"},
    {"copartitionGroups", array(kCopartitionGroup), "0+"},
};

constexpr Field kStreamsGroupTopologyValue[] = {
    {"epoch", int32, "0+"},
    {"subtopologies", array(kSubtopology), "0+"},
};

constexpr CoordinatorRecordSchema kConsumerOffsets[] = {
    {0, "LegacyOffsetCommit", kOffsetCommitKey, {"0", "none", kLegacyOffsetCommitValue}},
    {1, "OffsetCommit", kOffsetCommitKey, {"0-4", "4+", kOffsetCommitValue}},
    {2, "GroupMetadata", kGroupMetadataKey, {"0-4", "4+", kGroupMetadataValue}},
    {3, "ConsumerGroupMetadata", kGroupKey, {"0", "0+", kConsumerGroupMetadataValue}},
    {4, "ConsumerGroupPartitionMetadata", kGroupKey, {"0", "0+", kConsumerGroupPartitionMetadataValue}},
    {5, "ConsumerGroupMemberMetadata", kMemberKey, {"0", "0+", kConsumerGroupMemberMetadataValue}},
    {6, "ConsumerGroupTargetAssignmentMetadata", kGroupKey, {"0", "0+", kTargetAssignmentMetadataValue}},
    {7, "ConsumerGroupTargetAssignmentMember", kMemberKey, {"0", "0+", kTargetAssignmentMemberValue}},
    {8, "ConsumerGroupCurrentMemberAssignment", kMemberKey, {"0", "0+", kConsumerGroupCurrentMemberAssignmentValue}},
    {10, "ShareGroupMemberMetadata", kMemberKey, {"0", "0+", kShareGroupMemberMetadataValue}},
    {11, "ShareGroupMetadata", kGroupKey, {"0", "0+", kShareGroupMetadataValue}},
    {12, "ShareGroupTargetAssignmentMetadata", kGroupKey, {"0", "0+", kTargetAssignmentMetadataValue}},
    {13, "ShareGroupTargetAssignmentMember", kMemberKey, {"0", "0+", kTargetAssignmentMemberValue}},
    {14, "ShareGroupCurrentMemberAssignment", kMemberKey, {"0", "0+", kShareGroupCurrentMemberAssignmentValue}},
    {15, "ShareGroupStatePartitionMetadata", kGroupKey, {"0", "0+", kShareGroupStatePartitionMetadataValue}},
    {16, "ConsumerGroupRegularExpression", kConsumerGroupRegularExpressionKey, {"0", "0+", kConsumerGroupRegularExpressionValue}},
    {17, "StreamsGroupMetadata", kGroupKey, {"0", "0+", kStreamsGroupMetadataValue}},
    {19, "StreamsGroupMemberMetadata", kMemberKey, {"0", "0+", kStreamsGroupMemberMetadataValue}},
    {20, "StreamsGroupTargetAssignmentMetadata", kGroupKey, {"0", "0+", kTargetAssignmentMetadataValue}},
    {21, "StreamsGroupTargetAssignmentMember", kMemberKey, {"0", "0+", kStreamsGroupTargetAssignmentMemberValue}},
    {22, "StreamsGroupCurrentMemberAssignment", kMemberKey, {"0", "0+", kStreamsGroupCurrentMemberAssignmentValue}},
    {23, "StreamsGroupTopology", kGroupKey, {"0", "0+", kStreamsGroupTopologyValue}},
};
// clang-format on

}  // namespace

std::span<const CoordinatorRecordSchema> consumer_offsets_schema() {
  return kConsumerOffsets;
}

}  // namespace kseg
