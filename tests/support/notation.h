// Logs as one line of text:
//
//   {0} a=1 [b=2 . c=3] {3} T7[k=~]^1100 A7 !7,4,5,6
//
//   {100} {100 m5000}    the segment with base 100 (mtime 5000 ms, 0 if not given); the last is active
//   a=1  [a=1 b=2]       one batch with one record, with two; offsets run on from the base
//   12:a=1               the batch begins at offset 12
//   .  .x9               an offset, nine offsets of a batch without a record; [.] is a batch without any
//   -=x a=~ a='' ''=1    null key, null value (a tombstone), empty value, empty key; %41 a byte in hex
//   a=1@50  a=1#h:x#i:~  timestamp 50 ms (default: the offset); headers, the second with a null value
//   P5s10e1[…]  T7[…]    of idempotent producer 5, base sequence 10, epoch 1 (defaults 0); transactional
//   C7 A7e1  M7[.]  K0   COMMIT and ABORT marker; control batch without record; a leader change
//   z zs zl zz           before P, T or [: gzip, snappy, lz4, zstd
//   v0/a=1  v1zl[a=1]    a message of format 0 (without a timestamp), a wrapper of format 1
//   ^1100 & +5 *         behind a batch: delete horizon, LogAppendTime (of its first record), partition
//                        leader epoch (default 0), "these bytes are new" (only printed, see mark_rebuilt)
//   !7,0,1,2             in the segment's transaction index: producer 7, offsets 0 to 1, last stable 2
//
// The text does not hold: maxTimestamp of a batch without records (its last offset), a maxTimestamp or
// LogAppendTime deltas that the records do not bear out, the format of messages in a wrapper, leader epoch
// -1, what else a control record holds, attribute bits and varints no writer writes, the producer snapshot,
// and compressed bytes of another library.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/log_model.h"

namespace kseg {

// Errors, with the position in the text: bad_text.
Result<LogModel> parse_notation(std::string_view text);

// Goes on writing to the active segment of `log`; it is unchanged after an error.
std::optional<Defect> append_notation(std::string_view text, LogModel& log);

// Throws std::invalid_argument. For texts that stand in the test itself.
LogModel log_of(std::string_view text);

// The same text again for what parse_notation read, without mtimes.
std::string print_notation(const LogModel& log);

}  // namespace kseg
