#include "tests/recovery_conformance/torn_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "formats/producer_snapshot.h"
#include "formats/transaction_index.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

class Tearing {
 public:
  explicit Tearing(std::uint64_t seed) : random_(seed) {
    const RandomRound round = random_round(seed);
    log_ = round.log;
    FolderOptions folder = round.folder;
    folder.snapshots_of_segments = chance(70);
    stamp_epochs();
    torn_.files = to_files(log_, folder);
    torn_.request.index_interval_bytes = static_cast<std::uint64_t>(folder.index_interval_bytes);
    torn_.request.log_start = round.round.log_start;
    torn_.request.now_ms = round.round.now_ms;
    torn_.request.producer_expiration_ms = chance(20) ? 1 + below(1000) : 86'400'000;
  }

  TornLog run() {
    stand();
    const std::uint64_t count = below(4);
    for (std::uint64_t i = 0; i < count; ++i) damage();
    return std::move(torn_);
  }

 private:
  std::uint64_t raw() { return random_(); }
  std::int64_t below(std::uint64_t end) {
    return static_cast<std::int64_t>(raw() % std::max<std::uint64_t>(end, 1));
  }
  bool chance(std::uint64_t percent) { return raw() % 100 < percent; }
  void say(std::string words) { torn_.damages.push_back(std::move(words)); }

  // No checksum covers the epoch.
  void stamp_epochs() {
    std::int32_t epoch = 0;
    for (SegmentModel& segment : log_.segments) {
      for (BatchModel& batch : segment.batches) {
        if (batch.header.is_legacy()) continue;
        if (chance(15)) epoch += static_cast<std::int32_t>(below(3));
        batch.header.partition_leader_epoch = chance(3) ? -1 : epoch;
        for (int i = 0; i < 4; ++i) {
          batch.bytes[12 + static_cast<std::size_t>(i)] =
              static_cast<std::uint8_t>(batch.header.partition_leader_epoch >> (24 - 8 * i));
        }
      }
    }
  }

  // What the checkpoints say, and whether the directory was shut down cleanly.
  void stand() {
    const std::int64_t end = log_.end_offset().value;
    RecoveryRequest& request = torn_.request;
    request.cleanly_shut_down = chance(20);
    if (chance(60)) request.recovery_point = Offset{below(static_cast<std::uint64_t>(end) + 2)};
    if (chance(5)) request.recovery_point = Offset{end + 5};
    if (chance(20)) request.log_start = Offset{below(static_cast<std::uint64_t>(end) + 2)};
    if (chance(3)) request.log_start = Offset{end + 3};
    if (chance(50)) {
      std::string text;
      std::vector<EpochEntry> entries;
      for (const SegmentModel& segment : log_.segments) {
        for (const BatchModel& batch : segment.batches) {
          const std::int32_t epoch = batch.header.partition_leader_epoch;
          if (epoch >= 0 && (entries.empty() || epoch > entries.back().epoch)) {
            entries.push_back({epoch, batch.header.base_offset});
          }
        }
      }
      if (chance(30))
        entries.push_back({entries.empty() ? 0 : entries.back().epoch + 2, Offset{end + below(3)}});
      if (!entries.empty() && chance(20)) entries.pop_back();
      text = encode_leader_epoch_checkpoint(entries);
      torn_.files[std::string(kLeaderEpochCheckpoint)] = ByteBuffer(text.begin(), text.end());
    } else if (chance(20)) {
      torn_.files.erase(std::string(kLeaderEpochCheckpoint));
    }
  }

  // One of the files with this ending; mostly the last one, where a crash does its harm.
  std::string pick(std::string_view ending, std::uint64_t last_percent = 50) {
    std::vector<std::string> found;
    for (const auto& [name, bytes] : torn_.files) {
      if (name.ends_with(ending)) found.push_back(name);
    }
    if (found.empty()) return {};
    if (chance(last_percent)) return found.back();
    return found[static_cast<std::size_t>(below(found.size()))];
  }

  void damage() {
    switch (below(17)) {
      case 0: return cut_short();
      case 1: return add_bytes("zeros", ByteBuffer(static_cast<std::size_t>(1 + below(200))));
      case 2: return add_bytes("rubbish", rubbish(static_cast<std::size_t>(1 + below(120))));
      case 3: return add_bytes("small rubbish", rubbish(static_cast<std::size_t>(1 + below(18))));
      case 4: return flip(".log");
      case 5: return lose(".index");
      case 6: return lose(".timeindex");
      case 7: return lose(".txnindex");
      case 8: return lose(".snapshot");
      case 9: return pad();
      case 10: return flip(".snapshot");
      case 11: return add_snapshot();
      case 12: return leave_over();
      case 13: return lose(".log");
      case 14: return repeat_batch();
      case 15: return spoil_transactions();
      case 16: return flip_header();
    }
  }

  ByteBuffer rubbish(std::size_t size) {
    ByteBuffer bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(raw());
    // A length that may be one.
    if (size > 20 && chance(50)) std::fill(bytes.begin() + 8, bytes.begin() + 11, std::uint8_t{0});
    if (size > 20 && chance(50)) bytes[16] = static_cast<std::uint8_t>(below(4));
    return bytes;
  }

  void cut_short() {
    const std::string name = pick(".log");
    if (name.empty()) return;
    ByteBuffer& bytes = torn_.files[name];
    if (bytes.empty()) return;
    const auto size = static_cast<std::size_t>(1 + below(std::min<std::uint64_t>(bytes.size(), 150)));
    bytes.resize(bytes.size() - size);
    say(fmt::format("{} is {} bytes short", name, size));
  }

  void add_bytes(std::string_view what, const ByteBuffer& more) {
    const std::string name = pick(".log");
    if (name.empty()) return;
    append(torn_.files[name], more);
    say(fmt::format("{} bytes of {} behind {}", more.size(), what, name));
  }

  void flip(std::string_view ending) {
    const std::string name = pick(ending);
    if (name.empty() || torn_.files[name].empty()) return;
    ByteBuffer& bytes = torn_.files[name];
    const auto at = static_cast<std::size_t>(below(bytes.size()));
    bytes[at] ^= static_cast<std::uint8_t>(1U << below(8));
    say(fmt::format("a bit of byte {} of {}", at, name));
  }

  // Of a batch's header, what no checksum covers more often than not.
  void flip_header() {
    const std::string name = pick(".log");
    const auto base = leading_offset(name);
    if (!base) return;
    for (const SegmentModel& segment : log_.segments) {
      if (segment.base != *base || segment.batches.empty()) continue;
      const auto index = static_cast<std::size_t>(below(segment.batches.size()));
      std::size_t at = 0;
      for (std::size_t i = 0; i < index; ++i) at += segment.batches[i].bytes.size();
      at += static_cast<std::size_t>(below(chance(70) ? 17 : 61));
      ByteBuffer& bytes = torn_.files[name];
      if (at >= bytes.size()) return;
      bytes[at] ^= static_cast<std::uint8_t>(1U << below(8));
      say(fmt::format("a bit of byte {} of {}, in a header", at, name));
    }
  }

  void lose(std::string_view ending) {
    const std::string name = pick(ending, 20);
    if (name.empty()) return;
    torn_.files.erase(name);
    say(name + " is lost");
  }

  // As the indexes of an active segment are after a crash.
  void pad() {
    for (const std::string_view ending : {".index", ".timeindex"}) {
      const std::string name = pick(ending, 90);
      if (name.empty()) continue;
      const std::size_t entry = ending == ".index" ? 8 : 12;
      torn_.files[name].resize(torn_.files[name].size() + entry * static_cast<std::size_t>(1 + below(20)));
      say(name + " is padded");
    }
  }

  void add_snapshot() {
    const Offset offset{below(static_cast<std::uint64_t>(log_.end_offset().value) + 4)};
    const std::string source = pick(".snapshot");
    ByteBuffer bytes;
    if (source.empty() || chance(20)) {
      encode_producer_snapshot({}, bytes);
    } else {
      bytes = torn_.files[source];
    }
    torn_.files[to_string({.kind = SegmentFileKind::producer_snapshot, .offset = offset})] = bytes;
    say(fmt::format("a snapshot at {}", offset));
  }

  // Of a cleaning, at any point; whole, so that an index is there for each log.
  void leave_over() {
    const std::string log = pick(".log", 10);
    // What a cleaner has renamed was synced before.
    const auto concerns = [&](const std::string& words) { return words.find(log) != std::string::npos; };
    if (log.empty() || std::any_of(torn_.damages.begin(), torn_.damages.end(), concerns)) return;
    const std::string stem = log.substr(0, log.size() - 4);
    const std::string state = std::vector<std::string>{".deleted", ".cleaned", ".swap",
                                                       ".swap"}[static_cast<std::size_t>(below(4))];
    const bool move = state == ".deleted" && chance(20);
    for (const std::string kind : {".log", ".index", ".timeindex", ".txnindex"}) {
      const auto found = torn_.files.find(stem + kind);
      if (found == torn_.files.end()) {
        if (state == ".swap" && kind == ".index") torn_.files[stem + kind + state] = {};
        continue;
      }
      torn_.files[stem + kind + state] = found->second;
      if (move) torn_.files.erase(found);
    }
    if (state == ".swap" && chance(20)) torn_.files.erase(stem + ".log");
    say(fmt::format("{}{}", log, state));
  }

  // Offsets that go back. Once: of three batches that all end at their segment's base, Kafka leaves the
  // first, because the index it has half built already knows the second; kseg empties the segment.
  void repeat_batch() {
    const std::string name = pick(".log");
    const auto base = leading_offset(name);
    if (!base || repeated_) return;
    repeated_ = true;
    for (const SegmentModel& segment : log_.segments) {
      if (segment.base != *base || segment.batches.empty()) continue;
      const BatchModel& batch = segment.batches[static_cast<std::size_t>(below(segment.batches.size()))];
      append(torn_.files[name], batch.bytes);
      say(fmt::format("the batch at {} again behind {}", batch.header.base_offset, name));
    }
  }

  void spoil_transactions() {
    const std::string log = pick(".log", 30);
    const auto base = leading_offset(log);
    if (!base) return;
    ByteBuffer& bytes = torn_.files[to_string({.kind = SegmentFileKind::transaction_index, .offset = *base})];
    switch (below(3)) {
      case 0: bytes = ByteBuffer(33, 0); break;
      case 1:
        encode_aborted_txn({.producer_id = 1,
                            .first_offset = *base - 2,
                            .last_offset = *base - 1,
                            .last_stable_offset = *base},
                           bytes);
        break;
      case 2:
        encode_aborted_txn(
            {.producer_id = 1, .first_offset = *base, .last_offset = *base, .last_stable_offset = *base + 1},
            bytes);
        if (chance(30)) bytes[0] = 1;
        break;
    }
    say("the transaction index of " + log);
  }

  std::mt19937_64 random_;
  LogModel log_;
  TornLog torn_;
  bool repeated_ = false;
};

}  // namespace

TornLog torn_log(std::uint64_t seed) {
  return Tearing(seed).run();
}

}  // namespace kseg
