// What the four checkpoint files of a log directory say of its partitions, read once for all of them.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "lib/log_dir.h"

namespace kseg {

class LogDirCheckpoints {
 public:
  // Of one partition; what has no entry is missing.
  struct Of {
    std::optional<Offset> recovery_point;
    std::optional<Offset> log_start;
    std::optional<Offset> high_watermark;
    std::optional<Offset> first_dirty;
  };

  // A file that is damaged has no entries; see defect(). Throws IoError.
  static LogDirCheckpoints read(const LogDir& root);

  Of of(const TopicPartition& partition) const;

  // What is wrong with the file of that name, if something is.
  const Defect* defect(std::string_view file_name) const;

 private:
  std::map<TopicPartition, Of> partitions_;
  std::map<std::string_view, Defect> defects_;
};

}  // namespace kseg
