#include "lib/key_spill.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace kseg {
namespace {

// The remainder of a hash, in this machine's order of bytes, and the upper half of its shard. A remainder of
// 0 is none: from there on the mode of what follows is another.
constexpr std::size_t kQuestionBytes = sizeof(std::uint64_t) + 1;

constexpr std::size_t kAtOnce = 256;  // questions
constexpr std::size_t kMinBufferBytes = 64;
constexpr std::uint64_t kMinSetBytes = 2048;
constexpr std::size_t kMaxBufferBytes = std::size_t{64} << 10;

// A partition has one value of the lower half of the shard, so the upper half takes its place, and a byte of
// the remainder the upper half's. The deepest level is the last that finds a fresh one.
constexpr unsigned kDeepest = 7;

KeyHash in_partition(std::uint64_t remainder, std::uint8_t rest, unsigned level) {
  return {.shard_bits = rest | (remainder >> (8 * level) & 0xff) << 8, .remainder = remainder};
}

std::size_t buffer_bytes(std::uint64_t memory_bytes, std::size_t buffers) {
  return std::clamp<std::size_t>(memory_bytes / buffers, kMinBufferBytes, kMaxBufferBytes);
}

}  // namespace

KeySpill::KeySpill(FileSystem& files, KeySet& known, Options options, unsigned level)
    : files_(files),
      options_(std::move(options)),
      level_(level),
      questions_(files, {.directory = options_.directory,
                         .streams = kPartitions + 1,
                         .buffer_bytes = buffer_bytes(options_.memory_bytes / 8, kPartitions + 1)}),
      answers_(files, {.directory = options_.directory,
                       .streams = kPartitions,
                       .buffer_bytes = buffer_bytes(options_.memory_bytes / 16, kPartitions)}) {
  known.for_each([&](KeyHash hash) { put(hash, Mode::known); });
  known.clear();
}

void KeySpill::put(KeyHash hash, Mode mode) {
  const std::uint8_t partition = partition_of(hash);
  if (modes_[partition] != mode) {
    modes_[partition] = mode;
    write(partition, 0, static_cast<std::uint8_t>(mode));
  }
  write(partition, hash.remainder, static_cast<std::uint8_t>(hash.shard_bits >> 8));
}

void KeySpill::write(std::size_t partition, std::uint64_t remainder, std::uint8_t rest) {
  std::uint8_t* const question = questions_.extend(partition, kQuestionBytes);
  std::memcpy(question, &remainder, sizeof remainder);
  question[sizeof remainder] = rest;
}

void KeySpill::solve() {
  KeySet keys(0);
  for (std::size_t partition = 0; partition < kPartitions; ++partition) {
    keys.forget();
    solve(partition, keys);
  }
}

// `keys` is empty.
void KeySpill::solve(std::size_t partition, KeySet& keys) {
  std::optional<KeySpill> deeper;
  std::uint64_t asked_deeper = 0;
  std::array<KeyHash, kAtOnce> hashes;
  std::array<std::uint8_t, kAtOnce> found;
  std::size_t count = 0;
  Mode mode = Mode::known;

  const std::uint64_t most_bytes = std::max(set_bytes(options_.memory_bytes), kMinSetBytes);
  const auto decide = [&] {
    const std::span run(hashes.data(), std::exchange(count, 0));
    const std::span answers(found.data(), run.size());
    if (!deeper && level_ < kDeepest && !keys.fits(run.size(), most_bytes)) {
      const Options rest{.directory = options_.directory, .memory_bytes = set_bytes(options_.memory_bytes)};
      deeper.emplace(KeySpill(files_, keys, rest, level_ + 1));
    }
    if (!deeper) {
      mode == Mode::asks ? keys.contains(run, answers) : keys.insert(run, answers);
      if (mode != Mode::known) put_answers(partition, answers);
    } else if (mode == Mode::known) {
      for (const KeyHash hash : run) deeper->put(hash, mode);
    } else {
      for (const KeyHash hash : run) deeper->ask(hash, mode == Mode::enters);
      asked_deeper += run.size();
    }
  };

  for (Bytes piece = questions_.next(partition); !piece.empty(); piece = questions_.next(partition)) {
    for (; !piece.empty(); piece = piece.subspan(kQuestionBytes)) {
      std::uint64_t remainder = 0;
      std::memcpy(&remainder, piece.data(), sizeof remainder);
      const std::uint8_t rest = piece[sizeof remainder];
      if (remainder == 0) {
        decide();
        mode = static_cast<Mode>(rest);
        continue;
      }
      hashes[count++] = in_partition(remainder, rest, level_);
      if (count == kAtOnce) decide();
    }
  }
  decide();
  if (deeper) {
    deeper->solve();
    for (; asked_deeper > 0; --asked_deeper) {
      const std::uint8_t answer = deeper->answer() ? 1 : 0;
      put_answers(partition, {&answer, 1});
    }
  }
  key_count_ += deeper ? deeper->key_count() : keys.size();
  if (answer_bits_ > 0) *answers_.extend(partition, 1) = answer_byte_;
  answer_byte_ = 0;
  answer_bits_ = 0;
}

void KeySpill::put_answers(std::size_t partition, std::span<const std::uint8_t> answers) {
  for (const std::uint8_t answer : answers) {
    answer_byte_ = static_cast<std::uint8_t>(answer_byte_ | answer << answer_bits_);
    if (++answer_bits_ < 8) continue;
    *answers_.extend(partition, 1) = answer_byte_;
    answer_byte_ = 0;
    answer_bits_ = 0;
  }
}

bool KeySpill::answer() {
  if (order_.empty()) order_ = questions_.next(kOrder);
  if (order_.empty()) return false;
  const std::size_t partition = order_.front();
  order_ = order_.subspan(1);
  auto& [bytes, bits_read] = read_[partition];
  if (bytes.empty()) bytes = answers_.next(partition);
  const bool answer = (bytes.front() >> bits_read & 1) != 0;
  if (++bits_read == 8) {
    bits_read = 0;
    bytes = bytes.subspan(1);
  }
  return answer;
}

}  // namespace kseg
