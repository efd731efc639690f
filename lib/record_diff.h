// Two logs side by side, record by record, in the order of offsets. How records are put into batches and
// segments, and by what they are compressed, makes no difference.
#pragma once

#include "lib/record_stream.h"

namespace kseg {

// What two records do not share.
struct DifferingFields {
  bool timestamp = false;
  bool key = false;
  bool value = false;
  bool headers = false;
  bool control = false;  // one is a control record, the other is not

  bool any() const { return timestamp || key || value || headers || control; }
};

// But for `control`, which a record does not tell.
DifferingFields differing_fields(const RecordView& left, const RecordView& right);

struct DiffCounts {
  std::uint64_t left = 0;  // records, or keys, of this side
  std::uint64_t right = 0;
  std::uint64_t only_left = 0;
  std::uint64_t only_right = 0;
  std::uint64_t changed = 0;

  std::uint64_t differences() const { return only_left + only_right + changed; }
};

class RecordDiff {
 public:
  // Borrows both.
  RecordDiff(RecordStream& left, RecordStream& right) : left_{left}, right_{right} {}

  // Goes to the next difference; false at the end of both logs.
  bool next();

  // Of that difference: null where a side has no record at this offset. Valid until next().
  const RecordView* left() const { return difference_.left ? &left_.record : nullptr; }
  const RecordView* right() const { return difference_.right ? &right_.record : nullptr; }
  const DifferingFields& fields() const { return difference_.fields; }  // if both have one

  const DiffCounts& counts() const { return counts_; }

 private:
  struct Side {
    RecordStream& stream;
    RecordView record = {};
    bool in_batch = false;
    bool ended = false;

    void advance(std::uint64_t& count);
  };
  struct Difference {
    bool left = true;  // to be advanced
    bool right = true;
    DifferingFields fields = {};
  };

  Side left_;
  Side right_;
  Difference difference_;
  DiffCounts counts_;
};

}  // namespace kseg
