// Compares a compacted partition with the one it was made from, and asks whether anything was lost.
// Shares no decision with compaction: it reads both logs side by side, and judges what it finds.
//
// U is the original's last stable offset: where its first open transaction begins, else its end. What
// has to hold, so that a reader who knows nothing but keys and values sees no difference:
//
// 1. Whatever is left was there: each batch has the original batch's base and last offset, leader
//    epoch, producer, bits and timestamp type (and its delete horizon, as long as it has records);
//    each record has the time, key, value and headers of the original's record with that offset.
// 2. For each key, its last record below U that is not of an aborted transaction is left; or it was a
//    tombstone, and nothing older of that key is left, be it of an aborted transaction. Records without
//    a key may go.
// 3. Log start (the first segment's base) and log end are the same.
// 4. From U on nothing is gone, neither records nor batches: nobody knows yet what will be aborted.
// 5. A data batch that is left, even empty, is hidden from a read_committed reader of the cleaned log
//    (who goes by its transaction indexes and ABORT markers) just if it was before; and as long as
//    data of a transaction is left, so is its marker. Control records other than COMMIT and ABORT stay.
//
// 5 speaks of what readers can reach: not of transactions that ended below the log start, if a checkpoint
// beside either folder says that it lies inside the log.
//
// 2 and 4 are what a read_uncommitted reader asks for: below U only the last record that is not aborted
// counts as a key's value, because compaction drops aborted records at once; where they are still there
// they are covered by 1 and 5. With 5, they are what a read_committed reader asks for, too. That
// readers find all this by way of the indexes, from any offset and from any time, is index_check.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/file_system.h"
#include "lib/verify_report.h"

namespace kseg {

enum class DifferenceCode {
  log_start,  // the first segment's base
  log_end,
  batch_invented,    // no such batch in the original
  batch_header,      // a field that compaction must not change
  batch_timestamps,  // maxTimestamp or delete horizon that compaction would not give
  record_invented,   // no record at this offset in the original
  record_timestamp,
  record_key,
  record_value,
  record_headers,
  last_value_gone,      // a key's last record, which was no tombstone
  deleted_value_back,   // a key's tombstone is gone, an older record is left
  tombstone_early,      // one_round: it had no delete horizon that has passed
  undecided_gone,       // at or above the last stable offset
  control_record_gone,  // neither COMMIT nor ABORT
  marker_gone,          // of a transaction that has data left
  marker_early,         // one_round
  aborted_data_shown,   // aborted before, not hidden now
  committed_data_hidden,
};

// Stable, lower case, with underscores.
std::string_view name(DifferenceCode code);

struct Difference {
  DifferenceCode code;
  Offset offset;
  std::string expected = {};
  std::string found = {};
};

struct AgainstOptions {
  // The cleaned log is one round away: a tombstone or a marker that is gone had its horizon before.
  bool one_round = false;
  std::optional<std::int64_t> now_ms = {};  // of that round: the horizon was not later
  std::size_t listed = 20;                  // differences to name
};

struct Comparison {
  std::uint64_t difference_count = 0;
  std::vector<Difference> differences;  // the first ones by offset, ascending
  std::uint64_t original_records = 0;   // data records that could be read
  std::uint64_t left_records = 0;
  std::uint64_t keys = 0;
  std::uint64_t tombstones_gone = 0;  // that were the last of their key
  std::uint64_t keyless_gone = 0;
  std::uint64_t aborted_gone = 0;
  std::uint64_t reencoded_header_keys = 0;  // were not UTF-8; Kafka's cleaner does that to them
};

// Reads both folders once (of the original, headers twice). What is wrong in the cleaned one by itself
// goes to `report`, as verify tells it; of the original only defects of `.log` and `.txnindex` files do.
// What cannot be read is not compared. Holds one table of keys. Throws IoError.
Comparison compare(FileSystem& files, const Path& cleaned, const Path& original,
                   const AgainstOptions& options, VerifyReport& report);

}  // namespace kseg
