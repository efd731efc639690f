// A partition folder for a test, in the test's own words:
//
//   LogBuilder log;
//   log.segment(100).batch({{"k1", "v1"}, {"k2", "v2"}}).batch({{"k3", "v3"}});
//   log.flip_byte(/*batch=*/1, /*offset_in_batch=*/70);
//   verify(log.path());
//
//   LogBuilder log = LogBuilder::from_notation("{0} a=1 T7[b=2] A7 !7,1,2,3 {3}");
//
// The folder is "t-0" in a temporary folder that goes with the builder. It is written when path() is
// asked for, and again only after the builder has changed.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {

class LogBuilder {
 public:
  struct KeyValue {
    std::optional<std::string> key;
    std::optional<std::string> value;  // nothing is a tombstone
  };

  LogBuilder() = default;
  explicit LogBuilder(LogModel log) : log_(std::move(log)) {}
  // Throws std::invalid_argument.
  static LogBuilder from_notation(std::string_view text);

  // Starts the segment with this base offset; without one the first batch starts segment 0.
  LogBuilder& segment(std::int64_t base);
  // One batch behind the last; timestamps are the offsets.
  LogBuilder& batch(std::initializer_list<KeyValue> records, Codec codec = Codec::none);
  // Whatever else the notation can say.
  LogBuilder& append(std::string_view notation);
  LogBuilder& append(BatchModel batch);

  LogBuilder& options(FolderOptions options);

  // Moves the folder into a log directory root, as `topic`-`partition`; the root's checkpoint files say
  // what `root` says (partition and end offset are filled in).
  LogBuilder& in_log_dir(std::string topic, std::int32_t partition, RootEntry root = {});

  // Flips all bits of a byte in the `.log`. Batches are counted over the whole log, from 0.
  LogBuilder& flip_byte(std::size_t batch, std::size_t offset_in_batch);

  const LogModel& model() const { return log_; }
  // In the `.log` of its segment.
  Position position_of(std::size_t batch) const;

  const Path& path();
  // The log directory, or whatever holds the folder.
  Path root() { return path().parent_path(); }
  Path file(SegmentFileKind kind, std::int64_t offset);

 private:
  struct Place {
    Offset base;  // of the segment
    Position position;
  };
  Place place_of(std::size_t batch) const;
  void write();

  LogModel log_;
  FolderOptions options_;
  std::optional<RootEntry> root_;
  std::vector<std::pair<Place, std::size_t>> flips_;
  TemporaryFolder temporary_;
  Path path_ = temporary_.path() / "t-0";
  bool written_ = false;
};

}  // namespace kseg
