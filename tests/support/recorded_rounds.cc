#include "tests/support/recorded_rounds.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "formats/file_names.h"
#include "tests/support/broker_cases.h"

namespace kseg {
namespace {

using Json = nlohmann::json;

ActiveProducers newest_snapshot(const FolderFiles& files) {
  std::vector<ProducerStateEntry> newest;
  for (const auto& [name, bytes] : files) {  // names ascend, and so do their offsets
    const auto file = parse_segment_file_name(name);
    if (!file || file->kind != SegmentFileKind::producer_snapshot) continue;
    auto entries = decode_producer_snapshot(bytes);
    if (!entries) throw std::runtime_error(name + ": " + describe(entries.error()));
    newest = std::move(*entries);
  }
  return active_producers(newest);
}

ObviousRound parameters(const Json& json, const FolderFiles& before) {
  const auto number = [&](const char* name) { return json.at(name).get<std::int64_t>(); };
  ObviousRound round{.now_ms = number("now_ms"),
                     .first_dirty = {number("first_dirty")},
                     .first_uncleanable = {number("first_uncleanable")},
                     .log_start = {number("log_start")},
                     .delete_retention_ms = number("delete_retention_ms"),
                     .segment_bytes = json.at("segment_bytes").get<std::uint64_t>(),
                     .segment_index_bytes = json.at("segment_index_bytes").get<std::uint64_t>(),
                     .index_interval_bytes = number("index_interval_bytes"),
                     .producers = newest_snapshot(before)};
  const auto& rule = json.at("end_of_round").get_ref<const std::string&>();
  if (rule == "default") {
    round.end_of_round = round.first_uncleanable;
  } else if (rule != "never") {
    round.end_of_round = Offset{std::stoll(rule)};
  }
  return round;
}

template <typename Value>
std::optional<Value> optional(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<Value>();
}

RecordedRound round(const Json& json) {
  const Json& params = json.at("params");
  RecordedRound round{
      .id = json.at("id").get<std::string>() + "/" + std::to_string(json.at("round").get<int>()),
      .before = decode_files(json.at("in")),
      .after = decode_files(json.at("out")),
      .mtimes_before = json.at("in_mtimes").get<std::map<std::string, std::int64_t>>(),
      .mtimes_after = json.at("out_mtimes").get<std::map<std::string, std::int64_t>>(),
      .high_watermark = {params.at("high_watermark").get<std::int64_t>()},
      .map_limited = !params.at("map_entries").is_null(),
      .recompressed = json.at("compare") == "decoded",
      .error = optional<std::string>(json, "error"),
      .notation_before = json.at("notation_in").get<std::string>(),
      .notation_after = optional<std::string>(json, "notation_out")};
  round.parameters = parameters(params, round.before);
  if (const auto end = optional<std::int64_t>(json, "end")) round.end = Offset{*end};
  if (const auto stats = json.find("stats"); stats != json.end()) {
    round.keyless_records = optional<std::int64_t>(*stats, "invalid_messages");
  }
  return round;
}

}  // namespace

std::vector<RecordedRound> recorded_rounds(const std::string& file_name) {
  std::ifstream in(Path(KSEG_TEST_DATA) / "cases" / file_name);
  if (!in) throw std::runtime_error("cannot read tests/data/cases/" + file_name);
  const bool by_old_release = file_name.find("-3.9") != std::string::npos;
  std::vector<RecordedRound> rounds;
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line);
    if (!json.contains("round")) continue;
    rounds.push_back(round(json));
    rounds.back().parameters.keeps_legacy = by_old_release;
  }
  return rounds;
}

}  // namespace kseg
