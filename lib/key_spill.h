// The questions that a set of keys has no memory for: is this key there already? They are asked first and
// answered later, in the order they were asked.
//
// Each goes to one of 256 partitions of a temporary file, by bits of its hash; then one partition after the
// other is decided in a set that fits. One that still does not is spilled again, by other bits. A question
// takes ten bytes and a bit of the file: what is left of its hash, its partition, its answer.
#pragma once

#include <array>

#include "lib/key_set.h"
#include "lib/spill_file.h"

namespace kseg {

class KeySpill {
 public:
  struct Options {
    Path directory;                  // of the file system that takes the temporary file
    std::uint64_t memory_bytes = 0;  // for everything; less than about a MiB is not kept to
  };

  // The share of the memory that a set may take before it is spilled.
  static std::uint64_t set_bytes(std::uint64_t memory_bytes) { return memory_bytes / 4 * 3; }

  // Takes the keys of `known`, which is empty then; they are there. Borrows `files`. All throw IoError.
  KeySpill(FileSystem& files, KeySet& known, Options options)
      : KeySpill(files, known, std::move(options), 0) {}

  // Whether the key is there. If it `enters`, it is from then on.
  void ask(KeyHash hash, bool enters) {
    *questions_.extend(kOrder, 1) = partition_of(hash);
    put(hash, enters ? Mode::enters : Mode::asks);
  }

  // Once, behind the last question.
  void solve();

  // To the next question. Behind the last: false.
  bool answer();

  std::uint64_t key_count() const { return key_count_; }  // once it is solved

 private:
  enum class Mode : std::uint8_t { known, enters, asks };
  static constexpr std::size_t kPartitions = 256;
  static constexpr std::size_t kOrder = kPartitions;  // the stream of the questions' partitions

  struct Answers {
    Bytes bytes;
    unsigned bits_read = 0;  // of the first byte
  };

  KeySpill(FileSystem& files, KeySet& known, Options options, unsigned level);
  static std::uint8_t partition_of(KeyHash hash) { return static_cast<std::uint8_t>(hash.shard_bits); }
  void put(KeyHash hash, Mode mode);
  void write(std::size_t partition, std::uint64_t remainder, std::uint8_t rest);
  void solve(std::size_t partition, KeySet& keys);
  void put_answers(std::size_t partition, std::span<const std::uint8_t> answers);

  FileSystem& files_;
  Options options_;
  unsigned level_;  // of spills in spills
  SpillFile questions_;
  SpillFile answers_;
  std::array<Mode, kPartitions> modes_{};
  std::uint64_t key_count_ = 0;

  // While it is solved.
  std::uint8_t answer_byte_ = 0;
  unsigned answer_bits_ = 0;

  // While answers are read.
  Bytes order_;
  std::array<Answers, kPartitions> read_{};
};

}  // namespace kseg
