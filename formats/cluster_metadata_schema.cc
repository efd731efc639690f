#include "formats/message_schema.h"

namespace kseg {
namespace {

using namespace schema;

// A line for each field and each type of record.
// clang-format off

constexpr Field kEndpoint[] = {
    {"name", string, "0+"},
    {"host", string, "0+"},
    {"port", uint16, "0+"},
    {"securityProtocol", int16, "0+"},
};

constexpr Field kFeature[] = {
    {"name", string, "0+"},
    {"minSupportedVersion", int16, "0+"},
    {"maxSupportedVersion", int16, "0+"},
};

constexpr Field kRegisterBrokerRecord[] = {
    {"brokerId", int32, "0+"},
    {"isMigratingZkBroker", boolean, "2+"},
    {"incarnationId", uuid, "0+"},
    {"brokerEpoch", int64, "0+"},
    {"endPoints", array(kEndpoint), "0+"},
    {"features", array(kFeature), "0+"},
    {"rack", nullable(string), "0+"},
    {"fenced", boolean, "0+"},
    {"inControlledShutdown", boolean, "1+"},
    {"logDirs", array(uuid), "3+", tagged(0, "[]")},
    {"cordonedLogDirs", nullable(array(uuid)), "4+", tagged(1, "null")},
};

constexpr Field kUnregisterBrokerRecord[] = {
    {"brokerId", int32, "0+"},
    {"brokerEpoch", int64, "0+"},
};

constexpr Field kTopicRecord[] = {
    {"name", string, "0+"},
    {"topicId", uuid, "0+"},
};

constexpr Field kPartitionRecord[] = {
    {"partitionId", int32, "0+"},
    {"topicId", uuid, "0+"},
    {"replicas", array(int32), "0+"},
    {"isr", array(int32), "0+"},
    {"removingReplicas", array(int32), "0+"},
    {"addingReplicas", array(int32), "0+"},
    {"leader", int32, "0+"},
    {"leaderRecoveryState", int8, "0+", tagged(0, "0")},
    {"leaderEpoch", int32, "0+"},
    {"partitionEpoch", int32, "0+"},
    {"directories", array(uuid), "1+"},
    {"eligibleLeaderReplicas", nullable(array(int32)), "2+", tagged(1, "null")},
    {"lastKnownElr", nullable(array(int32)), "2+", tagged(2, "null")},
};

constexpr Field kConfigRecord[] = {
    {"resourceType", int8, "0+"},
    {"resourceName", string, "0+"},
    {"name", string, "0+"},
    {"value", nullable(string), "0+"},
};

constexpr Field kPartitionChangeRecord[] = {
    {"partitionId", int32, "0+"},
    {"topicId", uuid, "0+"},
    {"isr", nullable(array(int32)), "0+", tagged(0, "null")},
    {"leader", int32, "0+", tagged(1, "-2")},
    {"replicas", nullable(array(int32)), "0+", tagged(2, "null")},
    {"removingReplicas", nullable(array(int32)), "0+", tagged(3, "null")},
    {"addingReplicas", nullable(array(int32)), "0+", tagged(4, "null")},
    {"leaderRecoveryState", int8, "0+", tagged(5, "-1")},
    {"directories", nullable(array(uuid)), "1+", tagged(8, "null")},
    {"eligibleLeaderReplicas", nullable(array(int32)), "2+", tagged(6, "null")},
    {"lastKnownElr", nullable(array(int32)), "2+", tagged(7, "null")},
};

constexpr Field kFenceBrokerRecord[] = {
    {"id", int32, "0+"},
    {"epoch", int64, "0+"},
};

constexpr Field kRemoveTopicRecord[] = {
    {"topicId", uuid, "0+"},
};

constexpr Field kDelegationTokenRecord[] = {
    {"owner", string, "0+"},
    {"requester", string, "0+"},
    {"renewers", array(string), "0+"},
    {"issueTimestamp", int64, "0+"},
    {"maxTimestamp", int64, "0+"},
    {"expirationTimestamp", int64, "0+"},
    {"tokenId", string, "0+"},
};

constexpr Field kUserScramCredentialRecord[] = {
    {"name", string, "0+"},
    {"mechanism", int8, "0+"},
    {"salt", bytes, "0+"},
    {"storedKey", bytes, "0+"},
    {"serverKey", bytes, "0+"},
    {"iterations", int32, "0+"},
};

constexpr Field kFeatureLevelRecord[] = {
    {"name", string, "0+"},
    {"featureLevel", int16, "0+"},
};

constexpr Field kEntityData[] = {
    {"entityType", string, "0+"},
    {"entityName", nullable(string), "0+"},
};

constexpr Field kClientQuotaRecord[] = {
    {"entity", array(kEntityData), "0+"},
    {"key", string, "0+"},
    {"value", float64, "0+"},
    {"remove", boolean, "0+"},
};

constexpr Field kProducerIdsRecord[] = {
    {"brokerId", int32, "0+"},
    {"brokerEpoch", int64, "0+"},
    {"nextProducerId", int64, "0+"},
};

constexpr Field kBrokerRegistrationChangeRecord[] = {
    {"brokerId", int32, "0+"},
    {"brokerEpoch", int64, "0+"},
    {"fenced", int8, "0+", tagged(0, "0")},
    {"inControlledShutdown", int8, "1+", tagged(1, "0")},
    {"logDirs", array(uuid), "2+", tagged(2, "[]")},
    {"cordonedLogDirs", nullable(array(uuid)), "3+", tagged(3, "null")},
};

constexpr Field kAccessControlEntryRecord[] = {
    {"id", uuid, "0+"},
    {"resourceType", int8, "0+"},
    {"resourceName", string, "0+"},
    {"patternType", int8, "0+"},
    {"principal", string, "0+"},
    {"host", string, "0+"},
    {"operation", int8, "0+"},
    {"permissionType", int8, "0+"},
};

constexpr Field kRemoveAccessControlEntryRecord[] = {
    {"id", uuid, "0+"},
};

constexpr Field kZkMigrationStateRecord[] = {
    {"zkMigrationState", int8, "0+"},
};

constexpr Field kRemoveUserScramCredentialRecord[] = {
    {"name", string, "0+"},
    {"mechanism", int8, "0+"},
};

constexpr Field kBeginTransactionRecord[] = {
    {"name", nullable(string), "0+", tagged(0, "null")},
};

constexpr Field kAbortTransactionRecord[] = {
    {"reason", nullable(string), "0+", tagged(0, "null")},
};

constexpr Field kRemoveDelegationTokenRecord[] = {
    {"tokenId", string, "0+"},
};

constexpr Field kRegisterControllerRecord[] = {
    {"controllerId", int32, "0+"},
    {"incarnationId", uuid, "0+"},
    {"zkMigrationReady", boolean, "0+"},
    {"endPoints", array(kEndpoint), "0+"},
    {"features", array(kFeature), "0+"},
};

constexpr Field kClearElrRecord[] = {
    {"topicName", string, "0+"},
};

constexpr Field kUnregisterControllerRecord[] = {
    {"controllerId", int32, "0+"},
};

constexpr MetadataRecordSchema kClusterMetadata[] = {
    {0, "RegisterBrokerRecord", {"0-4", "0+", kRegisterBrokerRecord}},
    {1, "UnregisterBrokerRecord", {"0", "0+", kUnregisterBrokerRecord}},
    {2, "TopicRecord", {"0", "0+", kTopicRecord}},
    {3, "PartitionRecord", {"0-2", "0+", kPartitionRecord}},
    {4, "ConfigRecord", {"0", "0+", kConfigRecord}},
    {5, "PartitionChangeRecord", {"0-2", "0+", kPartitionChangeRecord}},
    {7, "FenceBrokerRecord", {"0", "0+", kFenceBrokerRecord}},
    {8, "UnfenceBrokerRecord", {"0", "0+", kFenceBrokerRecord}},
    {9, "RemoveTopicRecord", {"0", "0+", kRemoveTopicRecord}},
    {10, "DelegationTokenRecord", {"0", "0+", kDelegationTokenRecord}},
    {11, "UserScramCredentialRecord", {"0", "0+", kUserScramCredentialRecord}},
    {12, "FeatureLevelRecord", {"0", "0+", kFeatureLevelRecord}},
    {14, "ClientQuotaRecord", {"0", "0+", kClientQuotaRecord}},
    {15, "ProducerIdsRecord", {"0", "0+", kProducerIdsRecord}},
    {17, "BrokerRegistrationChangeRecord", {"0-3", "0+", kBrokerRegistrationChangeRecord}},
    {18, "AccessControlEntryRecord", {"0", "0+", kAccessControlEntryRecord}},
    {19, "RemoveAccessControlEntryRecord", {"0", "0+", kRemoveAccessControlEntryRecord}},
    {20, "NoOpRecord", {"0", "0+"}},
    {21, "ZkMigrationStateRecord", {"0", "0+", kZkMigrationStateRecord}},
    {22, "RemoveUserScramCredentialRecord", {"0", "0+", kRemoveUserScramCredentialRecord}},
    {23, "BeginTransactionRecord", {"0", "0+", kBeginTransactionRecord}},
    {24, "EndTransactionRecord", {"0", "0+"}},
    {25, "AbortTransactionRecord", {"0", "0+", kAbortTransactionRecord}},
    {26, "RemoveDelegationTokenRecord", {"0", "0+", kRemoveDelegationTokenRecord}},
    {27, "RegisterControllerRecord", {"0", "0+", kRegisterControllerRecord}},
    {28, "ClearElrRecord", {"0", "0+", kClearElrRecord}},
    {29, "UnregisterControllerRecord", {"0", "0+", kUnregisterControllerRecord}, kSince44},
};
// clang-format on

}  // namespace

std::span<const MetadataRecordSchema> cluster_metadata_schema() {
  return kClusterMetadata;
}

}  // namespace kseg
