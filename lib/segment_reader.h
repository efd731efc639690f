// Reads the batches of one `.log` file from front to back, in chunks.
#pragma once

#include <memory>

#include "formats/compression.h"
#include "formats/record_batch.h"
#include "lib/file_system.h"

namespace kseg {

class SegmentReader {
 public:
  enum class Payload {
    read,   // every batch whole, its crc checked
    trust,  // every batch whole, the crc not looked at (the caller knows these bytes)
    skip,   // only headers: `bytes` holds the 61 bytes of a data batch, whose crc nobody can check;
            // control batches and wrappers (formats/legacy_message.h) come whole and checked
  };

  struct Options {
    Payload payload = Payload::read;
    Position begin = {};                             // must be the start of a batch
    std::optional<Position> end = std::nullopt;      // default: the file's size when opened
    std::size_t chunk_bytes = std::size_t{1} << 20;  // at most 64 KiB are used for Payload::skip
    // The first chunk, if it is to be smaller; chunks then double. For who may soon have seen enough.
    std::optional<std::size_t> first_chunk_bytes = std::nullopt;
  };

  // Borrows `file`, which must outlive the reader.
  explicit SegmentReader(File& file) : SegmentReader(file, Options{}) {}
  SegmentReader(File& file, Options options);

  // The next batch, nothing at the end, or a defect. A view is valid until the next call.
  //
  // After a defect the reader stands at the next header it can trust, or at the end. The crc does
  // not cover the base offset or the length, so behind a batch with a wrong crc the next position
  // is trusted only if a plausible header stands there; otherwise, and behind a header that makes no
  // sense, it searches byte by byte for a batch with a right crc whose base offset is above the last
  // good one's. The work that goes into searching is bounded by a multiple of the file's size; when
  // that is used up, the reader stands at the end and the defect's `found` says so.
  //
  // Errors: torn_tail (fewer bytes than the last batch needs, or than a header; zeros to the end
  // count as such, found says so), bad_length, unknown_magic, crc_mismatch, unknown_codec, record_offset,
  // record_count_mismatch (check_header), those of complete_wrapper. A length beyond the end is
  // torn_tail if no trusted batch follows, else bad_length.
  Result<std::optional<RecordBatchView>> next();

  // The short way to what next() would yield, where that is a sound batch that is skipped and whose header is
  // at hand. False: ask next(); `batch` is then of no use.
  bool next_usual(RecordBatchView& batch);

  Position position() const { return next_; }  // of what next() will read
  Position end() const { return end_; }        // comes closer if the file turns out to be cut short

 private:
  void read_ahead();
  // What the file holds from `from` on, at least `least` bytes unless it ends before. Never asks for
  // more than the file has left.
  Bytes window(Position from, std::size_t least);

  Defect bad_header(Defect defect, Bytes bytes);
  Defect beyond_end(Defect otherwise, std::uint64_t size_bytes);
  Defect resume_after(Defect defect, std::optional<Position> expected_next);
  Defect resume_at(Defect defect, Position position);
  Position trusted_after(Position defective, std::optional<Position> expected_next);
  Position find_trusted(Position from, Position limit);
  Position follow_trusted(Position from, Position limit);
  std::size_t find_magic(Bytes bytes) const;
  std::optional<RecordBatchHeader> plausible_at(Position at);
  bool trusted_at(Position at);
  bool zeros_to_end(Position from);

  File& file_;
  Options options_;
  std::size_t chunk_bytes_;  // of the next chunk
  Position next_;
  Position end_;
  Position read_ahead_to_;
  Offset last_offset_{-1};   // of the last good batch
  bool legacy_met_ = false;  // a message of format 0 or 1, or what looks like one
  bool sound_message_met_ = false;
  Position known_trusted_;    // what the last search over the rest of the file found
  std::uint64_t effort_ = 0;  // bytes read, and bytes whose crc was computed in vain
  std::uint64_t effort_limit_;
  ByteBuffer buffer_;
  Position buffer_start_;
  std::size_t buffer_size_ = 0;
  std::unique_ptr<Decompressor> decompressor_;  // once a wrapper is met
  ByteBuffer uncompressed_;
};

}  // namespace kseg
