#include "lib/partition_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <thread>

#include "lib/recovery_reader.h"

namespace kseg {
namespace {

// Of all that is listed: directories, links to nothing and special files are among them.
std::vector<std::string> names_in(FileSystem& files, const Path& folder) {
  std::vector<std::string> names;
  for (DirectoryEntry& entry : files.list(folder)) names.push_back(std::move(entry.name));
  return names;
}

Defect not_a_file() {
  return {.code = DefectCode::missing_file,
          .expected = "a regular file",
          .found = "something else, which a broker does not see"};
}

std::string_view without(std::string_view extension, std::string_view name) {
  return name.substr(0, name.size() - extension.size());
}

// As a broker finds it, who looks at no checksum here; as far as one batch follows the other.
Offset next_offset(FileSystem& files, const Path& log, Offset base_offset) {
  const auto file = files.open(log);
  RecoveryReader reader(*file, RecoveryReader::Payload::skip, {file->info().size_bytes});
  Offset next = base_offset;
  while (true) {
    const auto batch = reader.next();
    if (!batch || !*batch) return next;
    next = (*batch)->header.next_offset();
  }
}

}  // namespace

Segment lone_segment(FileSystem& files, const Path& log) {
  Segment segment{.base_offset = {0}, .log = log};
  if (const auto info = files.info(log)) {
    segment.size_bytes = info->size_bytes;
    segment.mtime_ns = info->mtime_ns;
  }
  const auto name = parse_segment_file_name(log.filename().native());
  if (!name) return segment;
  const auto beside = [&](SegmentFileKind kind) -> std::optional<Path> {
    const Path path = log.parent_path() / to_string(SegmentFileName{kind, name->offset, name->state});
    return files.info(path) ? std::optional(path) : std::nullopt;
  };
  segment.base_offset = name->offset;
  segment.offset_index = beside(SegmentFileKind::offset_index);
  segment.time_index = beside(SegmentFileKind::time_index);
  segment.transaction_index = beside(SegmentFileKind::transaction_index);
  return segment;
}

LoadPlan LoadPlan::of(const std::vector<std::string>& names,
                      const std::function<Offset(const std::string&)>& next_offset_of_swap) {
  static constexpr Offset kNone{std::numeric_limits<std::int64_t>::max()};
  LoadPlan plan;

  std::vector<std::string> cleaned;
  std::vector<std::string> swaps;
  std::vector<std::string> others;
  Offset min_cleaned = kNone;
  for (const std::string& name : names) {
    if (name.ends_with(".deleted") && !name.ends_with(".checkpoint.deleted")) {
      plan.removed.push_back(name);
    } else if (breaks_loading(name)) {
      continue;
    } else if (name.ends_with(extension(FileState::cleaned))) {
      cleaned.push_back(name);
      min_cleaned = std::min(min_cleaned, *leading_offset(name));
    } else if (name.ends_with(extension(FileState::swap))) {
      swaps.push_back(name);
    } else {
      others.push_back(name);
    }
  }

  // A .swap at or above a .cleaned belongs to a replacement that was not complete.
  const auto valid_end = std::stable_partition(swaps.begin(), swaps.end(), [&](const std::string& name) {
    return *leading_offset(name) < min_cleaned;
  });
  plan.removed.insert(plan.removed.end(), valid_end, swaps.end());
  swaps.erase(valid_end, swaps.end());
  plan.removed.insert(plan.removed.end(), cleaned.begin(), cleaned.end());

  // What is complete replaces everything whose number lies in its range, snapshots included.
  Offset min_swap = kNone;
  Offset max_swap{std::numeric_limits<std::int64_t>::min()};
  for (const std::string& name : swaps) {
    if (!without(extension(FileState::swap), name).ends_with(extension(SegmentFileKind::log))) continue;
    min_swap = std::min(min_swap, *leading_offset(name));
    max_swap = std::max(max_swap, next_offset_of_swap(name));
  }
  for (const std::string& name : others) {
    const auto offset = leading_offset(name);
    if (offset && *offset >= min_swap && *offset < max_swap) plan.removed.push_back(name);
  }

  for (const std::string& name : swaps) {
    plan.renamed.emplace_back(name, without(extension(FileState::swap), name));
  }
  return plan;
}

PartitionLog::PartitionLog(FileSystem& files, Path folder, const std::vector<std::string>& names)
    : folder_(std::move(folder)) {
  const Path named = folder_.has_filename() ? folder_ : folder_.parent_path();
  name_ = parse_partition_folder_name(named.filename().string());

  std::map<std::string, FileInfo> regular;
  std::vector<std::string> regular_names;
  for (const std::string& name : names) {
    const auto info = files.info(folder_ / name);
    if (!info || !info->is_regular) {
      if (parse_segment_file_name(name)) not_files_.push_back({folder_ / name, not_a_file()});
      continue;
    }
    regular[name] = *info;
    regular_names.push_back(name);
  }
  load_plan_ = LoadPlan::of(regular_names, [&](const std::string& name) {
    return next_offset(files, folder_ / name, *leading_offset(name));
  });

  // Name after loading → name now.
  std::map<std::string, std::string> seen;
  for (const std::string& name : regular_names) seen[name] = name;
  for (const std::string& name : load_plan_.removed) seen.erase(name);
  for (const auto& [from, to] : load_plan_.renamed) {
    seen.erase(from);
    seen[to] = from;
  }

  const auto path_of = [&](Offset base, SegmentFileKind kind) -> std::optional<Path> {
    const auto found = seen.find(to_string(SegmentFileName{.kind = kind, .offset = base}));
    if (found == seen.end()) return std::nullopt;
    return folder_ / found->second;
  };
  for (const auto& [name, name_now] : seen) {
    const auto parsed = parse_segment_file_name(name);
    const bool ours = parsed && parsed->state == FileState::current && is_canonical(name);
    if (ours && parsed->kind == SegmentFileKind::log) {
      const Offset base = parsed->offset;
      const FileInfo& info = regular[name_now];
      segments_.push_back({.base_offset = base,
                           .log = folder_ / name_now,
                           .size_bytes = info.size_bytes,
                           .mtime_ns = info.mtime_ns,
                           .offset_index = path_of(base, SegmentFileKind::offset_index),
                           .time_index = path_of(base, SegmentFileKind::time_index),
                           .transaction_index = path_of(base, SegmentFileKind::transaction_index)});
    } else if (ours && parsed->kind == SegmentFileKind::producer_snapshot) {
      snapshots_[parsed->offset] = folder_ / name_now;
    } else if (!ours || !path_of(parsed->offset, SegmentFileKind::log)) {
      other_files_.push_back(name_now);
    }
  }
}

PartitionLog PartitionLog::open(FileSystem& files, const Path& folder) {
  static constexpr int kAttempts = 8;
  for (int attempt = 1;; ++attempt) {
    const auto names = names_in(files, folder);
    try {
      PartitionLog log(files, folder, names);
      // A listing made while files are renamed may show neither the old name nor the new one.
      if (names_in(files, folder) == names) return log;
      if (attempt == kAttempts) throw IoError(folder, "list (its files keep changing)", EAGAIN);
    } catch (const IoError& error) {
      if (!error.missing() || attempt == kAttempts) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1 << attempt));
  }
}

std::size_t PartitionLog::floor_segment(Offset offset) const {
  const auto above =
      std::upper_bound(segments_.begin(), segments_.end(), offset,
                       [](Offset wanted, const Segment& segment) { return wanted < segment.base_offset; });
  return above == segments_.begin() ? 0 : static_cast<std::size_t>(above - segments_.begin()) - 1;
}

}  // namespace kseg
