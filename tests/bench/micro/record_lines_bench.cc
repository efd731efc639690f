#include <benchmark/benchmark.h>

#include <vector>

#include "cli/record_lines.h"
#include "tests/bench/micro/sample_batch.h"

namespace kseg {
namespace {

class CountingSink : public Sink {
 public:
  int write(std::string_view bytes) override {
    bytes_ += static_cast<std::int64_t>(bytes.size());
    return 0;
  }
  int close() override { return 0; }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t bytes_ = 0;
};

// Records as lines of `kseg dump`, from records that are read already. Bytes a second are those of the lines.
void run(benchmark::State& state, Format format) {
  const SampleBatch batch = sample_batch(std::size_t{64} << 10);
  std::vector<RecordView> records;
  RecordReader reader(batch.header, batch.records());
  for (RecordView record; reader.next(record);) records.push_back(record);

  CountingSink answers, notes;
  {
    Output output(format, answers, notes);
    RecordLines lines(output);
    lines.begin_partition(TopicPartition{.topic = "bench", .partition = 0});
    for (auto _ : state) {
      lines.begin_batch(batch.header);
      for (const RecordView& record : records) lines.record(record);
    }
    output.flush();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
  state.SetBytesProcessed(answers.bytes());
}

void lines_json(benchmark::State& state) {
  run(state, Format::jsonl);
}
BENCHMARK(lines_json);

void lines_text(benchmark::State& state) {
  run(state, Format::text);
}
BENCHMARK(lines_text);

}  // namespace
}  // namespace kseg
