// A compaction of one partition from beginning to end: lock, scan, plan, copy, check, swap,
// checkpoint.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "lib/cleaning_plan.h"
#include "lib/compat.h"
#include "lib/refusal.h"
#include "lib/topic_config.h"

namespace kseg {

struct CompactionRequest {
  Path partition;
  std::optional<Path> output;  // a new folder to write to; else in place
  bool dry_run = false;        // measure, write nothing
  TopicConfig config;
  Compat compat;
  bool keep_tombstones = false;
  bool keep_markers = false;
  std::optional<Offset> first_dirty;
  std::optional<Offset> first_uncleanable;
  std::int64_t now_ms = 0;
};

struct CompactionReport {
  Offset log_start;
  Offset log_end;
  Offset first_dirty;
  Offset first_uncleanable;
  Offset high_watermark;
  bool high_watermark_known = false;
  bool ran = false;  // false: there was nothing to clean
  CleaningCounts counts;
  std::uint64_t segments_before = 0;  // of the whole log
  std::uint64_t segments_after = 0;
  std::uint64_t groups = 0;
  std::uint64_t groups_unchanged = 0;  // left alone
  std::uint64_t log_bytes_before = 0;  // of all `.log` files, the active one included
  std::uint64_t log_bytes_after = 0;
  std::uint64_t records_before = 0;  // likewise
  std::uint64_t records_after = 0;
  std::uint64_t distinct_keys = 0;
  std::uint64_t key_set_bytes = 0;
  std::optional<Offset> checkpoint;   // as written, if it was
  std::vector<std::string> warnings;  // what the caller should be told
};

// Throws IoError.
std::variant<CompactionReport, Refusal> compact(FileSystem& files, const CompactionRequest& request);

}  // namespace kseg
