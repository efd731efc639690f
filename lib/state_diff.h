// The states of two logs, key by key: the last value of each, with its headers. Where they stand, in
// offset and time, makes no difference, as a mirror keeps neither.
#pragma once

#include "lib/record_diff.h"

namespace kseg {

// Where a key's last value stands; on one side it may have none.
struct KeyDifference {
  std::optional<Offset> left;
  std::optional<Offset> right;
};

struct StateDifferences {
  DiffCounts counts;                      // of keys
  std::vector<KeyDifference> first = {};  // by the left offset; then those that only the right has, by theirs
};

// Holds 40 bytes for each key of `left` with a value, in a table that doubles when it is 3/4 full, and a
// set of keys (KeySet). Names the first `listed` differences. See LatestRecords for what is reported.
StateDifferences compare_states(FileSystem& files, const ReadableLog& left, const ReadableLog& right,
                                std::size_t listed, VerifyReport& report);

}  // namespace kseg
