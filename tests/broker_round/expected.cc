#include "tests/broker_round/expected.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/log_dir.h"
#include "lib/partition_log.h"
#include "tests/broker_round/process.h"
#include "tests/support/base64.h"

namespace kseg {
namespace {

using Json = nlohmann::json;

std::optional<std::string> bytes_of(const Json& bytes) {
  if (bytes.is_null()) return std::nullopt;
  if (bytes.is_string()) return bytes.get<std::string>();
  return std::string(as_text(from_base64(bytes.at("base64").get<std::string>())));
}

ServedRecord served_record(const Json& line) {
  ServedRecord record{.offset = {line.at("offset")},
                      .leader_epoch = line.at("leader_epoch"),
                      .timestamp_ms = line.at("timestamp"),
                      .timestamp_type = line.at("timestamp_type"),
                      .key = bytes_of(line.at("key")),
                      .value = bytes_of(line.at("value"))};
  for (const Json& header : line.at("headers"))
    record.headers.emplace_back(bytes_of(header.at("key")).value(), bytes_of(header.at("value")));
  return record;
}

// Reads a partition's lines of the dump from the first to the last.
class PartitionLines {
 public:
  // `start` is the log start.
  PartitionLines(const PartitionLog& log, Offset start) : start_(start), end_(log.active().base_offset) {
    for (const Segment& each : log.segments())
      partition_.segments.push_back({.log = each.log, .mtime_ms = each.mtime_ns / 1'000'000});
  }

  void batch(const Json& line) {
    batch_base_ = {line.at("base_offset")};
    end_ = Offset{line.at("last_offset")} + 1;
    while (partition_.segments[segment_].log != line.at("file").get<std::string>()) ++segment_;
    auto& max_timestamp_ms = partition_.segments[segment_].max_timestamp_ms;
    max_timestamp_ms = std::max(max_timestamp_ms, line.at("max_timestamp").get<std::int64_t>());
  }

  void record(const Json& line) {
    const std::int64_t producer = line.at("producer_id");
    const Offset offset{line.at("offset")};
    if (offset >= start_) partition_.segments[segment_].records.emplace_back(offset, line.at("timestamp"));
    if (!line.at("control").is_null()) return marker(producer, line.at("control").at("type"));
    if (line.at("transactional")) {
      auto& transaction = open_.try_emplace(producer, Transaction{.first = batch_base_}).first->second;
      transaction.offsets.push_back(offset);
    }
    if (offset >= start_) records_.push_back(served_record(line));
  }

  ExpectedPartition finish() {
    Offset stable_end = end_;
    for (const auto& [producer, transaction] : open_) stable_end = std::min(stable_end, transaction.first);
    std::sort(aborted_.begin(), aborted_.end());
    auto& committed = partition_.views[Isolation::read_committed];
    committed.end = stable_end;
    for (const ServedRecord& each : records_) {
      if (each.offset < stable_end && !std::binary_search(aborted_.begin(), aborted_.end(), each.offset))
        committed.records.push_back(each);
    }
    partition_.start = start_;
    partition_.views[Isolation::read_uncommitted] = {.end = end_, .records = std::move(records_)};
    return std::move(partition_);
  }

 private:
  struct Transaction {
    Offset first;
    std::vector<Offset> offsets;
  };

  void marker(std::int64_t producer, const std::string& type) {
    if (type != "ABORT" && type != "COMMIT") return;
    const auto ended = open_.extract(producer);
    if (ended.empty() || type == "COMMIT") return;
    const auto& offsets = ended.mapped().offsets;
    aborted_.insert(aborted_.end(), offsets.begin(), offsets.end());
  }

  Offset start_;
  Offset end_;
  Offset batch_base_;
  std::size_t segment_ = 0;
  std::vector<ServedRecord> records_;
  std::map<std::int64_t, Transaction> open_;  // by producer id
  std::vector<Offset> aborted_;
  ExpectedPartition partition_;
};

std::map<std::string, PartitionLines> partitions_in(const Path& log_dir) {
  FileSystem& files = posix_file_system();
  const auto starts = LogDir::at(files, log_dir).value().read_checkpoint(kLogStartCheckpoint);
  if (!starts) throw std::runtime_error(describe(starts.error()));
  std::map<std::string, PartitionLines> found;
  for (const DirectoryEntry& entry : files.list(log_dir)) {
    const auto folder = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
    if (!folder || folder->kind != PartitionFolderKind::current) continue;
    if (folder->partition.topic == kClusterMetadataTopic) continue;
    const PartitionLog log = PartitionLog::open(files, log_dir / entry.name);
    const Offset base = log.segments().front().base_offset;
    found.emplace(entry.name,
                  PartitionLines(log, std::max(base, find(*starts, folder->partition).value_or(base))));
  }
  return found;
}

}  // namespace

std::optional<Offset> ExpectedView::first_from(Offset offset) const {
  const auto found =
      std::lower_bound(records.begin(), records.end(), offset,
                       [](const ServedRecord& record, Offset wanted) { return record.offset < wanted; });
  return found == records.end() ? std::nullopt : std::optional(found->offset);
}

std::optional<Offset> ExpectedPartition::first_at(std::int64_t timestamp_ms, Offset end) const {
  for (const TimedSegment& segment : segments) {
    const std::int64_t largest = segment.max_timestamp_ms >= 0 ? segment.max_timestamp_ms : segment.mtime_ms;
    if (largest < timestamp_ms) continue;
    for (const auto& [offset, time] : segment.records) {
      if (time >= timestamp_ms) return offset < end ? std::optional(offset) : std::nullopt;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

Expected expected_of(const Path& kseg, const Path& log_dir) {
  auto partitions = partitions_in(log_dir);
  const std::string dump = run_well({kseg, "dump", "--json", "--logs-only", log_dir});
  for (std::size_t from = 0; from < dump.size();) {
    const std::size_t to = dump.find('\n', from);
    const Json line = Json::parse(dump.begin() + static_cast<std::ptrdiff_t>(from),
                                  dump.begin() + static_cast<std::ptrdiff_t>(to));
    from = to + 1;
    const auto partition = partitions.find(line.value("partition", ""));
    if (partition == partitions.end()) continue;
    if (line.at("type") == "batch") partition->second.batch(line);
    if (line.at("type") == "record") partition->second.record(line);
  }
  Expected expected;
  for (auto& [name, lines] : partitions)
    expected.emplace(parse_partition_folder_name(name)->partition, lines.finish());
  return expected;
}

std::uint64_t record_count(const Expected& expected, Isolation isolation) {
  std::uint64_t count = 0;
  for (const auto& [name, partition] : expected) count += partition.views[isolation].records.size();
  return count;
}

}  // namespace kseg
