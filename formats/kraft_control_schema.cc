#include "formats/message_schema.h"

namespace kseg {
namespace {

using namespace schema;

// Their first field is a version too, and need not be the one they are read in: that is always 0.

constexpr Field kVoter[] = {
    {"voterId", int32, "0+"},
    {"voterDirectoryId", uuid, "1+"},
};

constexpr Field kLeaderChangeMessage[] = {
    {"version", int16, "0+"},
    {"leaderId", int32, "0+"},
    {"voters", array(kVoter), "0+"},
    {"grantingVoters", array(kVoter), "0+"},
};

constexpr Field kSnapshotHeaderRecord[] = {
    {"version", int16, "0+"},
    {"lastContainedLogTimestamp", int64, "0+"},
};

constexpr Field kSnapshotFooterRecord[] = {
    {"version", int16, "0+"},
};

constexpr Field kKRaftVersionRecord[] = {
    {"version", int16, "0+"},
    {"kRaftVersion", int16, "0+"},
};

constexpr Field kEndpoint[] = {
    {"name", string, "0+"},
    {"host", string, "0+"},
    {"port", uint16, "0+"},
};

constexpr Field kKRaftVersionFeature[] = {
    {"minSupportedVersion", int16, "0+"},
    {"maxSupportedVersion", int16, "0+"},
};

constexpr Field kVotersRecordVoter[] = {
    {"voterId", int32, "0+"},
    {"voterDirectoryId", uuid, "0+"},
    {"endpoints", array(kEndpoint), "0+"},
    {"kRaftVersionFeature", kKRaftVersionFeature, "0+"},
};

constexpr Field kVotersRecord[] = {
    {"version", int16, "0+"},
    {"voters", array(kVotersRecordVoter), "0+"},
};

constexpr ControlRecordSchema kKRaftControl[] = {
    {ControlType::leader_change, "LeaderChangeMessage", {"0-1", "0+", kLeaderChangeMessage}},
    {ControlType::snapshot_header, "SnapshotHeaderRecord", {"0", "0+", kSnapshotHeaderRecord}},
    {ControlType::snapshot_footer, "SnapshotFooterRecord", {"0", "0+", kSnapshotFooterRecord}},
    {ControlType::kraft_version, "KRaftVersionRecord", {"0", "0+", kKRaftVersionRecord}},
    {ControlType::kraft_voters, "VotersRecord", {"0", "0+", kVotersRecord}},
};

}  // namespace

std::span<const ControlRecordSchema> kraft_control_schema() {
  return kKRaftControl;
}

}  // namespace kseg
