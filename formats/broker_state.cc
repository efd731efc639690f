#include "formats/broker_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace kseg {
namespace {

using Json = nlohmann::json;

Json parse(Bytes file) {
  return Json::parse(file.begin(), file.end(), nullptr, /*allow_exceptions=*/false);
}

Defect bad(std::string expected, std::string found) {
  return {.code = DefectCode::bad_text,
          .position = {},
          .expected = std::move(expected),
          .found = std::move(found)};
}

// A member that is an integer of this type; nothing if it is not there or something else.
template <typename Integer>
std::optional<Integer> integer(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number_integer()) return std::nullopt;
  const auto value = member->get<std::int64_t>();
  const auto narrow = static_cast<Integer>(value);
  const bool fits = narrow == value && !(member->is_number_unsigned() && value < 0);
  return fits ? std::optional(narrow) : std::nullopt;
}

}  // namespace

Result<QuorumState> decode_quorum_state(Bytes file) {
  const Json json = parse(file);
  if (!json.is_object()) return bad("a JSON object", fmt::format("{} bytes that are none", file.size()));
  QuorumState state;
  const auto required = [&](const char* name, auto& into) -> std::optional<Defect> {
    const auto value = integer<std::remove_reference_t<decltype(into)>>(json, name);
    if (!value) return bad(fmt::format("\"{}\", a number", name), "none");
    into = *value;
    return std::nullopt;
  };
  if (auto defect = required("data_version", state.data_version)) return *defect;
  if (state.data_version != 0 && state.data_version != 1) {
    return Defect{.code = DefectCode::unknown_version,
                  .position = {},
                  .expected = "data_version 0 or 1",
                  .found = fmt::format("{}", state.data_version)};
  }
  if (auto defect = required("leaderId", state.leader_id)) return *defect;
  if (auto defect = required("leaderEpoch", state.leader_epoch)) return *defect;
  if (auto defect = required("votedId", state.voted_id)) return *defect;
  if (state.data_version == 1) {
    const auto id = json.find("votedDirectoryId");
    if (id == json.end() || !id->is_string()) return bad("\"votedDirectoryId\", a uuid", "none");
    state.voted_directory_id = parse_uuid(id->get_ref<const std::string&>());
    if (!state.voted_directory_id) return bad("\"votedDirectoryId\", a uuid", id->get<std::string>());
    return state;
  }
  if (const auto id = json.find("clusterId"); id != json.end() && id->is_string())
    state.cluster_id = id->get<std::string>();
  state.applied_offset = integer<std::int64_t>(json, "appliedOffset");
  const auto voters = json.find("currentVoters");
  if (voters == json.end() || voters->is_null()) return state;
  if (!voters->is_array()) return bad("\"currentVoters\", a list", voters->type_name());
  state.current_voters.emplace();
  for (const Json& voter : *voters) {
    const auto id = voter.is_object() ? integer<std::int32_t>(voter, "voterId") : std::nullopt;
    if (!id) return bad("voters with a \"voterId\"", "one without");
    state.current_voters->push_back(*id);
  }
  return state;
}

std::optional<CleanShutdown> decode_clean_shutdown(Bytes file) {
  const Json json = parse(file);
  if (!json.is_object()) return std::nullopt;
  const auto version = integer<std::int32_t>(json, "version");
  const auto epoch = integer<std::int64_t>(json, "brokerEpoch");
  if (!version || !epoch) return std::nullopt;
  return CleanShutdown{.version = *version, .broker_epoch = *epoch};
}

}  // namespace kseg
