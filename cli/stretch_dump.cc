#include "cli/stretch_dump.h"

#include "lib/ordered_work.h"

namespace kseg {
StretchDump::StretchDump(const DumpOptions& options, const RecordSelection& selection, Output& output)
    : options_(options), output_(output) {
  const std::size_t count = OrderedWork::slots_for(options.stretches.jobs);
  for (std::size_t i = 0; i < count; ++i) slots_.emplace_back(options, selection);
}

void StretchDump::begin_partition(const std::optional<TopicPartition>& partition,
                                  std::optional<InternalTopic> topic) {
  for (Slot& slot : slots_) slot.lines.begin_partition(partition, topic, 0);
}

void StretchDump::segment(PartitionReader& reader, BatchDump& in_turn) {
  for (Slot& slot : slots_) slot.lines.go_on_in_file(reader.segment().log);
  Position done = reader.position();
  OrderedWork{
      .jobs = options_.stretches.jobs,
      .slots = slots_.size(),
      .take = [&](std::size_t slot) { return reader.next_stretch(slots_[slot].stretch); },
      .prepare = [&](std::size_t slot, std::size_t) { slots_[slot].prepare(); },
      .commit =
          [&](std::size_t slot) {
            const bool whole = commit(slots_[slot], in_turn);
            done = slots_[slot].done;
            return whole;
          },
  }
      .run();
  reader.go_on_from(done);
}

void StretchDump::Slot::prepare() {
  const std::uint64_t batches_before = lines.batches();
  const std::uint64_t records_before = lines.records();
  output.line().clear();  // of a stretch that nobody wanted any more
  done = stretch.begin;
  StretchWalk walk(stretch);
  RecordBatchView batch;
  while (true) {
    batches = lines.batches() - batches_before;
    records = lines.records() - records_before;
    done = walk.position();
    if (!walk.next(batch)) return;
    const std::size_t held = output.line().size();
    const std::uint64_t defects = output.defects();
    lines.batch(batch);
    if (output.defects() == defects && !lines.overfull()) continue;
    output.line().resize(held);
    return;
  }
}

// False if there is something that only SegmentReader can judge.
bool StretchDump::commit(Slot& slot, BatchDump& in_turn) {
  if (slot.batches > 0) in_turn.name_file();
  output_.take(slot.output);
  in_turn.add(slot.batches, slot.records);
  StretchWalk walk(slot.stretch, slot.done);
  for (RecordBatchView batch; walk.next(batch);) in_turn.batch(batch);
  slot.done = walk.position();
  return walk.at_end();
}

}  // namespace kseg
