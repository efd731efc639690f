#include "formats/file_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/decimal.h"

namespace kseg {
namespace {

constexpr SegmentFileKind kKinds[] = {SegmentFileKind::log, SegmentFileKind::offset_index,
                                      SegmentFileKind::time_index, SegmentFileKind::transaction_index,
                                      SegmentFileKind::producer_snapshot};
constexpr FileState kStates[] = {FileState::current, FileState::deleted, FileState::cleaned, FileState::swap};

// ^\S+-\S+\.\S+ matches the whole of `name`.
bool has_id_behind_partition(std::string_view name) {
  if (name.find_first_of(" \t\n\v\f\r") != name.npos) return false;
  const std::size_t dash = name.find('-', 1);
  if (dash == name.npos) return false;
  const std::size_t dot = name.find('.', dash + 2);
  return dot != name.npos && dot + 1 < name.size();
}

// A number of exactly `text.size()` digits.
template <typename Integer>
std::optional<Integer> parse_digits(std::string_view text) {
  if (text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  return parse_decimal<Integer>(text);
}

}  // namespace

std::string to_string(const TopicPartition& partition) {
  return fmt::format("{}-{}", partition.topic, partition.partition);
}

std::optional<PartitionFolderName> parse_partition_folder_name(std::string_view name) {
  static constexpr std::pair<std::string_view, PartitionFolderKind> kSuffixes[] = {
      {"-delete", PartitionFolderKind::deleted},
      {"-future", PartitionFolderKind::future},
      {"-stray", PartitionFolderKind::stray}};
  PartitionFolderKind kind = PartitionFolderKind::current;
  for (const auto& [suffix, meaning] : kSuffixes) {
    if (!name.ends_with(suffix)) continue;
    if (!has_id_behind_partition(name.substr(0, name.size() - suffix.size()))) return std::nullopt;
    kind = meaning;
    name = name.substr(0, name.rfind('.'));
    break;
  }

  const std::size_t dash = name.rfind('-');
  if (dash == name.npos || dash == 0) return std::nullopt;
  const auto partition = parse_decimal<std::int32_t>(name.substr(dash + 1));
  if (!partition) return std::nullopt;
  return PartitionFolderName{
      .partition = {.topic = std::string(name.substr(0, dash)), .partition = *partition}, .kind = kind};
}

bool is_topic_name(std::string_view topic) {
  static constexpr std::size_t kLongest = 249;  // characters
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !topic.empty() && topic.size() <= kLongest && topic != "." && topic != ".." &&
         std::all_of(topic.begin(), topic.end(), legal);
}

std::string_view extension(SegmentFileKind kind) {
  switch (kind) {
    case SegmentFileKind::log: return ".log";
    case SegmentFileKind::offset_index: return ".index";
    case SegmentFileKind::time_index: return ".timeindex";
    case SegmentFileKind::transaction_index: return ".txnindex";
    case SegmentFileKind::producer_snapshot: return ".snapshot";
  }
  return {};
}

std::string_view extension(FileState state) {
  switch (state) {
    case FileState::current: return "";
    case FileState::deleted: return ".deleted";
    case FileState::cleaned: return ".cleaned";
    case FileState::swap: return ".swap";
  }
  return {};
}

std::string to_string(const SegmentFileName& name) {
  return fmt::format("{:020}{}{}", name.offset, extension(name.kind), extension(name.state));
}

std::optional<Offset> leading_offset(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == name.npos) return std::nullopt;
  const auto offset = parse_decimal<std::int64_t>(name.substr(0, dot));
  if (!offset) return std::nullopt;
  return Offset{*offset};
}

std::optional<SegmentFileName> parse_segment_file_name(std::string_view name) {
  const auto offset = leading_offset(name);
  if (!offset) return std::nullopt;
  const std::string_view extensions = name.substr(name.find('.'));
  for (const SegmentFileKind kind : kKinds) {
    if (!extensions.starts_with(extension(kind))) continue;
    for (const FileState state : kStates) {
      if (extensions.substr(extension(kind).size()) != extension(state)) continue;
      return SegmentFileName{.kind = kind, .offset = *offset, .state = state};
    }
  }
  return std::nullopt;
}

bool is_canonical(std::string_view name) {
  const auto parsed = parse_segment_file_name(name);
  return parsed && parsed->offset >= Offset{0} && to_string(*parsed) == name;
}

bool breaks_loading(std::string_view name) {
  const auto ends_with_kind = [&](SegmentFileKind kind) { return name.ends_with(extension(kind)); };
  const bool is_segment_file = std::any_of(std::begin(kKinds), std::end(kKinds), ends_with_kind) ||
                               name.ends_with(extension(FileState::cleaned)) ||
                               name.ends_with(extension(FileState::swap));
  return is_segment_file && !leading_offset(name);
}

bool is_offset_checkpoint(std::string_view name) {
  return name == kRecoveryPointCheckpoint || name == kLogStartCheckpoint || name == kReplicationCheckpoint ||
         name == kCleanerCheckpoint;
}

std::optional<MetadataSnapshotName> parse_metadata_snapshot_name(std::string_view name) {
  static constexpr std::size_t kOffsetDigits = 20;
  static constexpr std::size_t kEpochDigits = 10;
  static constexpr std::size_t kNumbers = kOffsetDigits + 1 + kEpochDigits;
  if (name.size() < kNumbers || name[kOffsetDigits] != '-') return std::nullopt;
  const auto offset = parse_digits<std::int64_t>(name.substr(0, kOffsetDigits));
  const auto epoch = parse_digits<std::int32_t>(name.substr(kOffsetDigits + 1, kEpochDigits));
  if (!offset || !epoch) return std::nullopt;

  MetadataSnapshotName snapshot{.offset = {*offset}, .epoch = *epoch};
  const std::string_view rest = name.substr(kNumbers);
  if (rest == ".checkpoint") return snapshot;
  if (rest == ".checkpoint.deleted") {
    snapshot.state = MetadataSnapshotName::State::deleted;
    return snapshot;
  }
  if (rest.starts_with('-') && rest.ends_with(".checkpoint.part")) {
    snapshot.state = MetadataSnapshotName::State::part;
    return snapshot;
  }
  return std::nullopt;
}

}  // namespace kseg
