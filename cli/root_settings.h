// The settings of the partitions that a command works on, whichever log directories they lie in.
#pragma once

#include <map>
#include <set>

#include "cli/output.h"
#include "lib/topic_settings.h"

namespace kseg {

class RootSettings {
 public:
  // `request` is what the command line says. Borrows the rest; what is to be said of the settings is told
  // there, once.
  RootSettings(FileSystem& files, TopicSettings::Request request, Output& output)
      : files_(files), request_(std::move(request)), output_(output) {}

  // Of a log directory, or of folders that lie in none. A refusal is that of TopicSettings::read. Throws
  // IoError.
  std::variant<const TopicSettings*, Refusal> of(const std::optional<LogDir>& root);

  // Of the topic that `folder` is a partition of.
  TopicConfig of(const TopicSettings& settings, const std::string& topic, const Path& folder);

 private:
  void tell(const std::string& note);

  FileSystem& files_;
  TopicSettings::Request request_;
  Output& output_;
  std::map<Path, TopicSettings> settings_;  // by root; "" for none
  std::set<std::string> told_;
};

// What is missing or wrong in what they were read from.
void tell_about(const TopicSettings& settings, const std::optional<LogDir>& root, Output& output);

// From its partition.metadata; nothing if that is not there or cannot be read. Throws IoError.
std::optional<Uuid> topic_id_of(FileSystem& files, const Path& partition_folder);

}  // namespace kseg
