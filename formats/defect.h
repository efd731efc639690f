// What is wrong with some bytes, and where.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/offset.h"

namespace kseg {

enum class DefectCode {
  // Any structure.
  truncated,       // the bytes end before the thing does
  trailing_bytes,  // the thing ends before the bytes do
  unknown_version,
  bad_varint,  // more than 5 (varint) or 10 (varlong) bytes
  bad_length,  // a length that is negative, too small or beyond what holds it
  bad_text,    // a text file that does not follow its grammar
  crc_mismatch,

  // Record batches (formats/record_batch.md).
  torn_tail,  // the last batch of a file is incomplete
  unknown_magic,
  unknown_codec,
  bad_compression,  // the codec rejects the bytes
  output_limit,     // decompressed bytes would pass the limit
  record_count_mismatch,
  record_offset,  // outside its batch, or not ascending
  bad_record,     // a record's fields do not fill its length
  bad_control_record,
  bad_producer,   // producer fields that contradict each other
  bad_timestamp,  // below -1 where a batch would have to be rebuilt
  max_timestamp_mismatch,
  base_timestamp_mismatch,
  unused_attributes,
  legacy_message_emptied,  // a message of format 0 or 1 would have to be kept without its record
  sparse_batch,            // fewer records than offsets in a log that is not compacted

  // Order in a log.
  offset_order,   // last offset not above that of the batch before
  segment_range,  // batch outside [base offset, next segment's base offset)
  segment_overlap,
  segment_too_large,
  missing_file,
  unfinished_swap,

  // Indexes and side files against the log.
  index_order,
  index_position,        // not the start of a batch
  index_offset,          // not an offset of the batch at that position
  index_missing,         // an entry that must be there is not
  timestamp_mismatch,    // time index entry that the log does not bear out
  transaction_mismatch,  // transaction index and markers contradict each other
  producer_state,        // sequence of batches no broker can load
  leader_epoch,          // a batch's, against leader-epoch-checkpoint or the batch before
  log_start,             // by log-start-offset-checkpoint, behind the log's end
};

// Stable, lower case, with underscores: part of the output scripts read.
std::string_view name(DefectCode code);

struct Defect {
  DefectCode code;
  Position position;                  // bytes from the start of the file (or of the bytes decoded)
  std::optional<Offset> offset = {};  // of the batch or record, where it is known
  std::string expected = {};          // may be empty
  std::string found = {};             // may be empty
};

// "crc_mismatch: expected 5c1f09aa, found 77b0e3d4"
std::string describe(const Defect& defect);

}  // namespace kseg
