#include "cli/receipt.h"

#include <nlohmann/json.hpp>

#include "cli/candidate_reason.h"
#include "cli/time_argument.h"

namespace kseg {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kReceiptVersion = 1;

class Silent : public VerifyReport {
  void on_defect(const Path&, const Defect&) override {}
  void on_warning(const Path&, const Defect&) override {}
  void on_note(const Path&, Position, const std::string&) override {}
};

std::string absolute_path(const Path& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

template <typename Value>
Json json_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json json_of(const std::optional<Offset>& offset) {
  return offset ? Json(offset->value) : Json();
}

Json json_of(const std::optional<StateProof>& proof) {
  if (!proof) return {};
  return {{"state", to_string(proof->state)}, {"key_count", proof->key_count}};
}

void add_report(Json& json, const CompactionReport& report) {
  const CleaningCounts& counts = report.counts;
  json["log_start"] = report.log_start.value;
  json["log_end"] = report.log_end.value;
  json["high_watermark"] = report.high_watermark_known ? Json(report.high_watermark.value) : Json();
  json["first_dirty"] = report.first_dirty.value;
  json["first_uncleanable"] = report.first_uncleanable.value;
  json["checkpoint"] = json_of(report.checkpoint);
  json["records_before"] = report.records_before;
  json["records_after"] = report.records_after;
  json["bytes_before"] = report.log_bytes_before;
  json["bytes_after"] = report.log_bytes_after;
  json["segments_before"] = report.segments_before;
  json["segments_after"] = report.segments_after;
  json["groups"] = report.groups;
  json["groups_unchanged"] = report.groups_unchanged;
  json["superseded"] = counts.superseded;
  json["tombstones_expired"] = counts.tombstones_expired;
  json["aborted"] = counts.aborted;
  json["without_key"] = counts.keyless;
  json["markers_expired"] = counts.markers_expired;
  json["batches_copied"] = counts.batches_verbatim;
  json["batches_rebuilt"] = counts.batches_rebuilt;
  json["batches_emptied"] = counts.batches_emptied;
  json["batches_dropped"] = counts.batches_dropped;
  json["warnings"] = report.warnings;
}

void add_refusal(Json& json, const Refusal& refusal) {
  json["outcome"] = "refused";
  json["reason"] = refusal.reason;
  Json defects = Json::array();
  for (const LocatedDefect& defect : refusal.defects)
    defects.push_back(fmt::format("{}: position {}: {}", defect.file.string(), defect.defect.position,
                                  describe(defect.defect)));
  if (!defects.empty()) json["defects"] = std::move(defects);
}

void add_outcome(Json& json, const CompactionOutcome& outcome, bool dry_run) {
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return add_refusal(json, *refusal);
  if (const auto* report = std::get_if<CompactionReport>(&outcome)) {
    json["outcome"] = !report->ran ? "nothing_to_clean" : dry_run ? "planned" : "done";
    return add_report(json, *report);
  }
  const auto& failure = std::get<CompactionFailure>(outcome);
  json["outcome"] = failure.stopped ? "stopped" : "failed";
  json["reason"] = failure.reason;
  json["groups_left"] = failure.groups_left;
  const bool was_scanned = failure.so_far.segments_before > 0;
  if (was_scanned) add_report(json, failure.so_far);
}

void add_passed_over(Json& json, const CleaningCandidate& candidate) {
  if (candidate.choice == CleaningCandidate::Choice::refused) return add_refusal(json, *candidate.refusal);
  const bool chosen = candidate.choice == CleaningCandidate::Choice::chosen;
  json["outcome"] = chosen ? "not_begun" : "passed_over";
  if (!chosen) json["reason"] = reason_of(candidate);
}

Json settings_of(const TopicConfig& config) {
  Json settings = Json::array();
  for (const TopicConfig::Setting& setting : config.settings())
    settings.push_back({{"name", setting.name}, {"value", setting.value}, {"source", name(setting.source)}});
  return settings;
}

// Of a receipt that is read: trips at what is not there, or of another kind.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}
  std::string text(const char* name) {
    const Json* field = get(name);
    if (field != nullptr && field->is_string()) return *field;
    return trip(name), "";
  }
  std::int64_t number(const char* name) {
    const Json* field = get(name);
    if (field != nullptr && field->is_number_integer()) return *field;
    return trip(name), 0;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const Json* get(const char* name) const {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  void trip(const char* name) {
    if (wrong_.empty()) wrong_ = fmt::format("no sound \"{}\"", name);
  }
  const Json& json_;
  std::string wrong_;
};

std::optional<Digest> parse_digest(const std::string& text) {
  const bool digits = text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digits) return std::nullopt;
  return Digest{.high = std::stoull(text.substr(0, 16), nullptr, 16),
                .low = std::stoull(text.substr(16), nullptr, 16)};
}

}  // namespace

std::optional<StateProof> Receipt::state_of(const Path& folder) const {
  try {
    Silent report;
    const ReadableLog log = ReadableLog::open(files_, folder, {}, report);
    if (report.counts().defects > 0) return std::nullopt;
    const auto digest = PartitionDigest::of(files_, log, report);
    if (!digest) return std::nullopt;
    return StateProof{.state = digest->state, .key_count = digest->key_count};
  } catch (const IoError&) {
    return std::nullopt;  // the compaction meets it too, and says so
  }
}

void Receipt::begin(const CleaningCandidate& candidate) {
  {
    const std::lock_guard lock(mutex_);
    if (entries_.count(candidate.partition) > 0) return;  // it is gone on with
  }
  const auto before = state_of(candidate.folder);
  const std::lock_guard lock(mutex_);
  entries_[candidate.partition].before = before;
}

void Receipt::end(const CleaningCandidate& candidate) {
  if (request_.dry_run) return;
  const auto after = state_of(candidate.folder);
  const std::lock_guard lock(mutex_);
  entries_[candidate.partition].after = after;
  entries_[candidate.partition].ended = true;
}

void Receipt::done(const CleaningCandidate& candidate, const CompactionOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  entries_[candidate.partition].outcome = outcome;
}

std::vector<std::string> Receipt::changed() const {
  std::vector<std::string> partitions;
  for (const auto& [partition, entry] : entries_) {
    if (entry.ended && entry.before && entry.after != entry.before)
      partitions.push_back(to_string(partition));
  }
  return partitions;
}

void Receipt::write(const Path& file, const Run& run,
                    const std::vector<CleaningCandidate>& candidates) const {
  const auto path_or_null = [](const std::optional<Path>& path) {
    return path ? Json(absolute_path(*path)) : Json();
  };
  Json json{{"kseg_receipt", kReceiptVersion},
            {"kseg", KSEG_VERSION},
            {"command", "compact"},
            {"time", format_time_ms(run.time_ms)},
            {"target", absolute_path(run.target)},
            {"log_directory", path_or_null(run.log_directory)}};
  json["options"] = {{"dry_run", request_.dry_run},
                     {"now", request_.now_ms},
                     {"compat", run.compat},
                     {"all", run.all},
                     {"fit", run.fit},
                     {"jobs", run.jobs},
                     {"keep_tombstones", request_.keep_tombstones},
                     {"keep_markers", request_.keep_markers},
                     {"first_dirty", json_of(request_.first_dirty)},
                     {"first_uncleanable", json_of(request_.first_uncleanable)},
                     {"keep_originals", path_or_null(request_.keep_originals)}};
  json["stopped"] = run.stopped;
  json["refused"] = json_or_null(run.refused);
  json["state_changed"] = changed();
  Json partitions = Json::array();
  for (const CleaningCandidate& candidate : candidates) {
    Json partition{{"partition", to_string(candidate.partition)},
                   {"folder", absolute_path(candidate.folder)}};
    const auto entry = entries_.find(candidate.partition);
    if (entry != entries_.end() && entry->second.outcome) {
      add_outcome(partition, *entry->second.outcome, request_.dry_run);
    } else {
      add_passed_over(partition, candidate);
    }
    partition["before"] = entry == entries_.end() ? Json() : json_of(entry->second.before);
    partition["after"] = entry == entries_.end() ? Json() : json_of(entry->second.after);
    partition["settings"] = settings_of(candidate.config);
    partitions.push_back(std::move(partition));
  }
  json["partitions"] = std::move(partitions);
  // A name that is no UTF-8 stands there with its wrong bytes replaced.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  replace_file(files_, file, as_bytes(text));
}

std::variant<ReceiptToProve, std::string> ReceiptToProve::parse(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return "not a JSON document, or not all of it";
  if (!json.is_object() || !json.contains("kseg_receipt")) return "JSON, but no receipt of kseg compact";
  if (json["kseg_receipt"] != kReceiptVersion) {
    return fmt::format("a receipt of version {}, expected {}", json["kseg_receipt"].dump(), kReceiptVersion);
  }
  ReceiptToProve receipt;
  Fields head(json);
  receipt.time = head.text("time");
  if (!head.wrong().empty()) return head.wrong();
  if (!json.contains("partitions") || !json["partitions"].is_array()) return "no sound \"partitions\"";
  const bool dry_run = json.contains("options") && json["options"].is_object() &&
                       json["options"].contains("dry_run") && json["options"]["dry_run"] == true;
  for (const Json& entry : json["partitions"]) {
    Fields fields(entry);
    Partition partition{.name = fields.text("partition"), .folder = fields.text("folder")};
    if (!fields.wrong().empty()) return fields.wrong();
    const auto state = [&](const char* name) {
      return entry.contains(name) && !entry[name].is_null() ? &entry[name] : nullptr;
    };
    const Json* proof = state("after");
    if (proof == nullptr && dry_run) proof = state("before");
    if (proof == nullptr || !entry.contains("log_end")) {
      ++receipt.without;
      continue;
    }
    partition.log_start = {fields.number("log_start")};
    partition.log_end = {fields.number("log_end")};
    Fields proof_fields(*proof);
    const auto digest = parse_digest(proof_fields.text("state"));
    partition.state.key_count = static_cast<std::uint64_t>(proof_fields.number("key_count"));
    if (!fields.wrong().empty()) return fields.wrong();
    if (!proof_fields.wrong().empty() || !digest) return partition.name + ": no sound \"state\"";
    partition.state.state = *digest;
    receipt.partitions.push_back(std::move(partition));
  }
  return receipt;
}

}  // namespace kseg
