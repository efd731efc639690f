// The records that a reader gets, in the order of offsets.
#pragma once

#include <memory>

#include "formats/record.h"
#include "lib/batch_walk.h"
#include "lib/readable_log.h"

namespace kseg {

// Some of a log's records: a bit a batch and, of those batches, a bit a record.
struct RecordSelection {
  struct OfSegment {
    std::vector<bool> batches;
    std::vector<bool> records;  // in the reverse of file order, so that they are taken from the back
  };
  std::vector<OfSegment> segments;
};

class RecordStream {
 public:
  struct Options {
    bool control = false;  // control records too
    // Only these; runs without any are not read. Its record bits are used up. Who made it has told of
    // what is in the batches.
    RecordSelection* selection = nullptr;
  };

  // Borrows all three.
  RecordStream(FileSystem& files, const ReadableLog& log, VerifyReport& report)
      : RecordStream(files, log, report, Options{}) {}
  RecordStream(FileSystem& files, const ReadableLog& log, VerifyReport& report, Options options)
      : files_(files), log_(log), report_(report), options_(options) {}

  // Goes to the next batch that holds something for the reader; false at the end. Defects: those of
  // decompression and RecordReader; records before one in a batch are given. Throws IoError.
  bool next_batch();
  const RecordBatchHeader& batch() const { return batch_->header; }

  // The next record of that batch, valid until next_batch(); false at the batch's end.
  bool next(RecordView& record);

 private:
  void open_segment();
  const RecordBatchView* next_in_segments();
  bool selected();

  FileSystem& files_;
  const ReadableLog& log_;
  VerifyReport& report_;
  Options options_;
  std::size_t segments_opened_ = 0;
  std::shared_ptr<File> file_;
  std::vector<BatchRun> runs_;
  std::optional<BatchWalk> walk_;
  const RecordBatchView* batch_ = nullptr;
  std::optional<RecordReader> reader_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace kseg
