// A partition in two short words, for hosts that want to compare what they hold without sending it. How
// records are put into batches and segments makes no difference. kseg-digest(1) says what is hashed.
#pragma once

#include "lib/digest.h"
#include "lib/readable_log.h"

namespace kseg {

struct PartitionDigest {
  Digest records;  // of the records a reader gets: of the sequence of their canonical bytes
  Digest state;    // of the last value of each key: the sum of the digests of their canonical content
  std::uint64_t record_count = 0;
  std::uint64_t key_count = 0;         // with a value
  std::optional<Offset> first_offset;  // of these records
  std::optional<Offset> last_offset;

  // Reads the log once forward and, if that met nothing wrong, once backward; it holds a set of keys. With
  // defects the answer is nothing. See RecordStream and LatestRecords for what is reported.
  static std::optional<PartitionDigest> of(FileSystem& files, const ReadableLog& log, VerifyReport& report);
};

}  // namespace kseg
