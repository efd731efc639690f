// Compares the two indexes of a segment with its batches while those are read, in file order.
//
// Why this suffices for a reader who goes by way of the index, from any offset T: let the entry that
// lookup(T) finds be (offset O <= T, position P). P is the start of a batch whose base offset is at
// most O. Batches ascend, so all before P end below O, hence below T: the first batch that ends at or
// behind T, the one needed, is at or behind P, and a scan from P finds it. Without an entry the scan
// begins at 0. Which entry is found depends on nothing else, since entries ascend. So each entry is
// looked at once, and no offset at all. An entry whose offset is above the end of the batch it points
// to is no harm: brokers before 3.9.1 wrote one entry for several batches.
//
// A time index entry (time, offset) says that no batch up to the one with that offset has a larger
// time. If so, a lookup of any time never begins behind a record of that time or a later one.
#pragma once

#include "formats/offset_index.h"
#include "formats/record_batch.h"
#include "formats/time_index.h"
#include "lib/verify_report.h"

namespace kseg {

// Where the segment ended when it was opened. Of the active segment an index may know more: offsets behind
// the last, and larger times.
struct SegmentEnd {
  std::optional<Offset> last_offset;  // of the last batch, if there is one
  Position position;
  bool active = false;
};

class OffsetIndexCheck {
 public:
  // Tells at once what the entries say of themselves.
  OffsetIndexCheck(Path file, ByteBuffer bytes, Offset base_offset, bool active, VerifyReport& report);

  void batch(const RecordBatchHeader& header, Position position);
  // Nothing is known of the batches in [from, to): entries that lead there are passed over.
  void unreadable(Position from, Position to);
  void finish(const SegmentEnd& end);

 private:
  void skip_to(Position position);

  Path file_;
  ByteBuffer bytes_;
  OffsetIndexView view_;
  VerifyReport& report_;
  std::size_t count_ = 0;  // entries to judge: none if they are not in order
  std::size_t next_ = 0;
  std::uint64_t inexact_ = 0;
  bool complete_ = true;  // all batches could be read
};

class TimeIndexCheck {
 public:
  TimeIndexCheck(Path file, ByteBuffer bytes, Offset base_offset, bool active, VerifyReport& report);

  void batch(const RecordBatchHeader& header);
  void unreadable() { complete_ = false; }
  void finish(const SegmentEnd& end);

 private:
  void judge_next();
  void judge_rest();

  Path file_;
  ByteBuffer bytes_;
  TimeIndexView view_;
  VerifyReport& report_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::int64_t max_timestamp_ = kNoTimestamp;  // of the batches so far
  bool ordered_ = true;
  bool complete_ = true;
};

}  // namespace kseg
