// The delete policy applied to partitions: lock, clean shutdown, policy, decision, then segment by segment,
// oldest first.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "lib/log_dir_checkpoints.h"
#include "lib/refusal.h"
#include "lib/segment_retention.h"

namespace kseg {

struct RetentionRequest {
  bool dry_run = false;  // decide, write nothing; also beside a live broker
  TopicConfig config;    // of partitions that bring none of their own
  std::int64_t now_ms = 0;
};

// Why nothing goes by size or time, whatever the settings say.
enum class PolicyDoubt : std::uint8_t {
  none,
  unknown,      // nobody says what the topic's policy is
  brokers_own,  // a topic of the broker's, whose policy the command line does not set
  compacted,    // it was compacted before, and the command line says that it is only deleted from
};

struct RetentionReport {
  struct Gone {
    Segment segment;
    SegmentAge age;
    RetentionReason reason = RetentionReason::below_log_start;
  };
  Offset log_start_before;
  Offset log_start;
  Offset log_end;
  std::optional<Offset> high_watermark;  // clamped to the log; nothing: unknown, the log end was taken
  std::vector<Gone> gone;
  bool rolled = false;  // everything went, and an empty segment at the log's end took its place
  std::uint64_t segments_before = 0;
  std::uint64_t bytes_before = 0;  // of `.log` files
  std::uint64_t bytes_gone = 0;
  PolicyDoubt doubt = PolicyDoubt::none;
  bool retention_ms_unknown = false;  // nothing goes by time: neither the topic's is known nor was it given
  TopicConfig config;
  std::optional<NextToGo> next;
  Segment next_segment;               // of `next`
  std::vector<std::string> warnings;  // what the caller should be told
};

class Retention {
 public:
  Retention(FileSystem& files, const RetentionRequest& request) : files_(files), request_(request) {}

  // One partition. The lock of the log directory around it is taken when the first one of it comes, and held
  // until the end of this object. What a refusal says of a whole directory is the same for each partition of
  // it. After a stop at any point the log is whole, from the start of a segment at or below the new log start
  // on. Throws IoError.
  std::variant<RetentionReport, Refusal> apply(const Path& partition) {
    return apply(partition, request_.config);
  }
  std::variant<RetentionReport, Refusal> apply(const Path& partition, const TopicConfig& config);

 private:
  struct Root {
    LogDir directory;
    std::unique_ptr<FileLock> lock;
    std::optional<Refusal> refusal = std::nullopt;
    bool at_rest = true;  // cleanly shut down, and nobody at work
    LogDirCheckpoints checkpoints = {};
    std::vector<std::string> warnings = {};  // until they were told
  };
  class Run;

  Root* root_of(const Path& partition);
  void look_at(Root& root);

  FileSystem& files_;
  RetentionRequest request_;
  std::map<Path, Root> roots_;
};

}  // namespace kseg
