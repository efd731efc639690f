// Compares the leader epochs of batches with the leader-epoch-checkpoint of their partition, and where that
// says nothing, with each other. No crc covers an epoch.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "formats/checkpoint_file.h"
#include "formats/record_batch.h"
#include "lib/verify_report.h"

namespace kseg {

// An entry of the checkpoint says of which epoch all batches are from its offset on, up to the next entry's.
// Below the first entry, and without the file, epochs do not descend. Only batches of format 2 have one, and
// -1 is none. What contradicts is a warning of the batch, once for all that contradict in the same way: a
// checkpoint that is wrong would be told with each batch.
class LeaderEpochCheck {
 public:
  // What stands in the checkpoint now; nothing if that cannot be read. Is asked again before the first
  // warning of a kind: a broker writes the entry before the batch, but maybe after we read the file.
  using Entries = std::function<std::vector<EpochEntry>()>;

  LeaderEpochCheck(VerifyReport& report, Entries read);

  void batch(const RecordBatchHeader& header, Position position, const Path& log);
  // The log is read again from another place.
  void forget();

 private:
  struct Told {
    EpochEntry entry;
    std::int32_t found = 0;
    friend bool operator==(const Told&, const Told&) = default;
  };

  const EpochEntry* entry_for(Offset offset) const;

  VerifyReport& report_;
  Entries read_;
  std::vector<EpochEntry> entries_;
  std::optional<std::int32_t> last_;  // of the batch before, if it was right
  std::optional<Told> told_;
};

}  // namespace kseg
