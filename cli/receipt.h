// What `compact --receipt` writes when it is done, and `verify --receipt` proves again: one JSON document,
// described in kseg-receipt(5).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/output.h"
#include "lib/log_dir_compaction.h"
#include "lib/partition_digest.h"

namespace kseg {

// What stands there for one partition.
struct StateProof {
  Digest state;
  std::uint64_t key_count = 0;
  friend bool operator==(const StateProof&, const StateProof&) = default;
};

class Receipt {
 public:
  struct Run {
    Path target;
    std::optional<Path> log_directory;
    std::int64_t time_ms = 0;  // when it was written, by the clock
    bool all = false;
    bool fit = false;
    int jobs = 1;
    std::string compat;
    bool stopped = false;
    std::optional<std::string> refused;  // all of it
  };

  // Borrows both.
  Receipt(FileSystem& files, const CompactionRequest& request) : files_(files), request_(request) {}

  // The state before, and after; by the thread that compacts, any number at a time. What is damaged or
  // cannot be read has none.
  void begin(const CleaningCandidate& candidate);
  void end(const CleaningCandidate& candidate);
  // One call at a time.
  void done(const CleaningCandidate& candidate, const CompactionOutcome& outcome);

  // Partitions whose state is not what it was, or was there and is not any more: a bug, or damage.
  std::vector<std::string> changed() const;

  // Through a temporary file. `candidates` are all that were looked at. Throws IoError.
  void write(const Path& file, const Run& run, const std::vector<CleaningCandidate>& candidates) const;

 private:
  struct Entry {
    std::optional<StateProof> before;
    std::optional<StateProof> after;
    bool ended = false;
    std::optional<CompactionOutcome> outcome;
  };
  std::optional<StateProof> state_of(const Path& folder) const;

  FileSystem& files_;
  const CompactionRequest& request_;
  mutable std::mutex mutex_;
  std::map<TopicPartition, Entry> entries_;
};

// A receipt that was read.
struct ReceiptToProve {
  struct Partition {
    std::string name;
    Path folder;
    Offset log_start;
    Offset log_end;
    StateProof state;
  };
  std::string time;
  std::vector<Partition> partitions;  // those with a state
  std::uint64_t without = 0;          // of the others

  // What is wrong with the text, if it is no receipt.
  static std::variant<ReceiptToProve, std::string> parse(std::string_view text);
};

}  // namespace kseg
