#include "lib/key_spill.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <unordered_set>
#include <vector>

#include "tests/support/dice.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

// The hash of a key that is a number.
KeyHash hash_of(const KeySet& set, std::uint64_t key) {
  return set.hash({reinterpret_cast<const std::uint8_t*>(&key), sizeof key});
}

struct Question {
  std::uint64_t key;
  bool enters;
};

std::vector<bool> obvious_answers(std::unordered_set<std::uint64_t> known,
                                  const std::vector<Question>& questions) {
  std::vector<bool> answers;
  for (const auto& [key, enters] : questions)
    answers.push_back(enters ? !known.insert(key).second : known.contains(key));
  return answers;
}

std::vector<bool> spilled_answers(FileSystem& files, const KeySpill::Options& options, KeySet known,
                                  const std::vector<Question>& questions) {
  KeySpill spill(files, known, options);
  for (const auto& [key, enters] : questions) spill.ask(hash_of(known, key), enters);
  spill.solve();
  std::vector<bool> answers;
  for (std::size_t i = 0; i < questions.size(); ++i) answers.push_back(spill.answer());
  return answers;
}

std::vector<Question> random_questions(Dice& dice, std::size_t count, std::int64_t keys, int percent_enter) {
  std::vector<Question> questions;
  for (std::size_t i = 0; i < count; ++i)
    questions.push_back(
        {.key = static_cast<std::uint64_t>(dice.below(keys)), .enters = dice.chance(percent_enter)});
  return questions;
}

TEST_CASE("what was spilled is answered in the order it was asked, as a set would have") {
  const TemporaryFolder folder;
  Dice dice(5);
  for (const std::uint64_t memory : {0, 4096, 65'536, 1 << 20, 1 << 30}) {
    CAPTURE(memory);
    for (const int percent_enter : {0, 50, 100}) {
      KeySet known(3);
      std::unordered_set<std::uint64_t> known_keys;
      for (std::uint64_t key = 0; key < 30'000; key += 3) {
        known.insert(hash_of(known, key));
        known_keys.insert(key);
      }
      const auto questions = random_questions(dice, 40'000, 30'000, percent_enter);
      const auto answers =
          spilled_answers(posix_file_system(), {folder.path(), memory}, std::move(known), questions);
      CHECK(answers == obvious_answers(known_keys, questions));
    }
  }
}

TEST_CASE("keys are handed over when their set is spilled, and counted once") {
  const TemporaryFolder folder;
  for (const std::uint64_t count : {1000, 600'000}) {  // a small set and one in shards
    KeySet known(3);
    for (std::uint64_t key = 0; key < count; ++key) known.insert(hash_of(known, key));
    const std::uint64_t taken = known.size();
    KeySpill spill(posix_file_system(), known, {folder.path(), 1 << 20});
    CHECK(known.size() == 0);
    CHECK(known.memory_bytes() == 0);
    for (std::uint64_t key = count / 2; key < count + 500; ++key) spill.ask(hash_of(known, key), true);
    spill.solve();
    std::uint64_t wrong = 0;
    for (std::uint64_t key = count / 2; key < count + 500; ++key)
      wrong += spill.answer() == (key < count) ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(spill.key_count() == taken + 500);
  }
}

TEST_CASE("a spill without questions has no answers and no file") {
  FaultyFileSystem files(posix_file_system());
  KeySet none(1);
  KeySpill spill(files, none, {"/there/is/no/such/folder", 1 << 20});
  spill.solve();
  CHECK_FALSE(spill.answer());
  CHECK(spill.key_count() == 0);
  CHECK(files.operation_count() == 0);
}

// Their hashes differ in the last bits that any level would look at.
TEST_CASE("a partition that no bits split is decided all the same") {
  const TemporaryFolder folder;
  KeySet none(1);
  KeySpill spill(posix_file_system(), none, {folder.path(), 0});
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < 20'000; ++i) spill.ask({.shard_bits = 5, .remainder = i << 48 | 1}, true);
  }
  spill.solve();
  std::uint64_t not_there = 0;
  for (int i = 0; i < 60'000; ++i) not_there += spill.answer() ? 0 : 1;
  CHECK(not_there == 20'000);
  CHECK(spill.key_count() == 20'000);
}

TEST_CASE("a spill that the system fails throws, whichever operation it is, and leaves no file") {
  const TemporaryFolder folder;
  Dice dice(5);
  const auto questions = random_questions(dice, 4000, 2000, 60);
  FaultyFileSystem sound(posix_file_system(), FaultyFileSystem::Counted::everything);
  spilled_answers(sound, {folder.path(), 4096}, KeySet(3), questions);
  REQUIRE(sound.operation_count() > 100);
  for (std::size_t at = 0; at < sound.operation_count(); at += 1 + at / 16) {
    FaultyFileSystem files(posix_file_system(), FaultyFileSystem::Counted::everything);
    files.fail_at(at, ENOSPC);
    CHECK_THROWS_AS(spilled_answers(files, {folder.path(), 4096}, KeySet(3), questions), IoError);
    CHECK(posix_file_system().list(folder.path()).empty());
  }
}

TEST_CASE("streams of one file come back whole, piece by piece") {
  const TemporaryFolder folder;
  Dice dice(9);
  SpillFile file(posix_file_system(), {.directory = folder.path(), .streams = 5, .buffer_bytes = 16});
  std::vector<ByteBuffer> expected(5);
  for (int i = 0; i < 2000; ++i) {
    const auto stream = static_cast<std::size_t>(dice.below(4));  // the last stays empty
    const auto bytes = static_cast<std::size_t>(dice.between(1, 16));
    std::uint8_t* const added = file.extend(stream, bytes);
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      added[byte] = static_cast<std::uint8_t>(dice.below(256));
      expected[stream].push_back(added[byte]);
    }
  }
  CHECK(posix_file_system().list(folder.path()).empty());
  std::vector<ByteBuffer> got(5);
  for (bool any = true; any;) {
    any = false;
    for (std::size_t stream = 0; stream < 5; ++stream) {
      const Bytes piece = file.next(stream);
      got[stream].insert(got[stream].end(), piece.begin(), piece.end());
      any |= !piece.empty();
    }
  }
  CHECK(got == expected);
}

}  // namespace
}  // namespace kseg
