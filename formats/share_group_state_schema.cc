#include "formats/message_schema.h"

namespace kseg {
namespace {

using namespace schema;

constexpr Field kSharePartitionKey[] = {
    {"groupId", string, "0+"},
    {"topicId", uuid, "0+"},
    {"partition", int32, "0+"},
};

constexpr Field kStateBatch[] = {
    {"firstOffset", int64, "0+"},
    {"lastOffset", int64, "0+"},
    {"deliveryState", int8, "0+"},
    {"deliveryCount", int16, "0+"},
};

constexpr Field kShareSnapshotValue[] = {
    {"snapshotEpoch", int32, "0+"},
    {"stateEpoch", int32, "0+"},
    {"leaderEpoch", int32, "0+"},
    {"startOffset", int64, "0+"},
    {"deliveryCompleteCount", int32, "0+", tagged(0, "-1")},
    {"createTimestamp", int64, "0+"},
    {"writeTimestamp", int64, "0+"},
    {"stateBatches", array(kStateBatch), "0+"},
};

constexpr Field kShareUpdateValue[] = {
    {"snapshotEpoch", int32, "0+"},
    {"leaderEpoch", int32, "0+"},
    {"startOffset", int64, "0+"},
    {"deliveryCompleteCount", int32, "0+", tagged(0, "-1")},
    {"stateBatches", array(kStateBatch), "0+"},
};

constexpr CoordinatorRecordSchema kShareGroupState[] = {
    {0, "ShareSnapshot", kSharePartitionKey, {"0", "0+", kShareSnapshotValue}},
    {1, "ShareUpdate", kSharePartitionKey, {"0", "0+", kShareUpdateValue}},
};

}  // namespace

std::span<const CoordinatorRecordSchema> share_group_state_schema() {
  return kShareGroupState;
}

}  // namespace kseg
