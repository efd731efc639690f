// Dumps the records of a segment by stretches, some of them at once, in their order.
#pragma once

#include <deque>

#include "cli/batch_dump.h"
#include "lib/partition_reader.h"

namespace kseg {

class StretchDump {
 public:
  // Borrows all three. What is wanted must not depend on what was shown before: no limit, nothing to skip.
  StretchDump(const DumpOptions& options, const RecordSelection& selection, Output& output);

  void begin_partition(const std::optional<TopicPartition>& partition, std::optional<InternalTopic> topic);

  // The segment that `reader` has open, to its end or to where `reader` must judge, which then goes on from
  // there. Whatever is not as it should be inside of a batch is left to `in_turn`, which also counts.
  void segment(PartitionReader& reader, BatchDump& in_turn);

 private:
  // A stretch, and what of it has been made into lines. `lines` holds the codecs, so that a slot is all that
  // a thread needs.
  struct Slot {
    Slot(const DumpOptions& options, const RecordSelection& selection)
        : output(options.output.format), lines(options, selection, output) {}
    void prepare();

    BatchStretch stretch;
    Output output;
    BatchDump lines;
    Position done;  // where the lines that `output` holds end
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
  };

  bool commit(Slot& slot, BatchDump& in_turn);

  const DumpOptions& options_;
  Output& output_;
  std::deque<Slot> slots_;
};

}  // namespace kseg
