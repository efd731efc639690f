#include "formats/message_schema.h"

namespace kseg {
namespace {

using namespace schema;

constexpr Field kTransactionLogKey[] = {
    {"transactionalId", string, "0"},
};

constexpr Field kPartitionsSchema[] = {
    {"topic", string, "0+"},
    {"partitionIds", array(int32), "0+"},
};

constexpr Field kTransactionLogValue[] = {
    {"producerId", int64, "0+"},
    {"previousProducerId", int64, "1+", tagged(0, "-1")},
    {"nextProducerId", int64, "1+", tagged(1, "-1")},
    {"producerEpoch", int16, "0+"},
    {"nextProducerEpoch", int16, "1+", tagged(3, "-1")},
    {"transactionTimeoutMs", int32, "0+"},
    {"transactionStatus", int8, "0+"},
    {"transactionPartitions", nullable(array(kPartitionsSchema)), "0+"},
    {"transactionLastUpdateTimestampMs", int64, "0+"},
    {"transactionStartTimestampMs", int64, "0+"},
    {"clientTransactionVersion", int16, "1+", tagged(2, "0")},
};

constexpr CoordinatorRecordSchema kTransactionState[] = {
    {0, "TransactionLog", kTransactionLogKey, {"0-1", "1+", kTransactionLogValue}},
};

}  // namespace

std::span<const CoordinatorRecordSchema> transaction_state_schema() {
  return kTransactionState;
}

}  // namespace kseg
