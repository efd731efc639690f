// The settings of all topics of a log directory, from all that speaks of them: Kafka's defaults, the
// broker's server.properties, the cluster's metadata, the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lib/cluster_metadata.h"
#include "lib/log_dir.h"
#include "lib/refusal.h"
#include "lib/topic_config.h"

namespace kseg {

class TopicSettings {
 public:
  struct Sources {
    std::optional<ClusterMetadata> metadata = {};
    std::optional<Path> properties = {};       // the server.properties file
    std::optional<std::int32_t> node_id = {};  // nothing: what is set for one broker alone does not count
    std::vector<std::pair<std::string, std::string>> command_line = {};  // names and values; the last counts
  };
  // Refuses a server.properties file that the broker would not take, and a wrong name or value of the command
  // line; all of them are in the details, with file and line. Throws IoError.
  static std::variant<TopicSettings, Refusal> make(FileSystem& files, Sources sources);

  // Where to look for the sources.
  struct Request {
    std::optional<LogDir> root = {};    // its copy of the metadata, unless another is given, and its node id
    std::optional<Path> metadata = {};  // a log directory, or its __cluster_metadata-0
    std::optional<Path> properties = {};
    std::vector<std::pair<std::string, std::string>> command_line = {};
  };
  // As make(). Refuses as well where no metadata is found in a directory that was named, and a root whose
  // meta.properties cannot be read. Throws IoError.
  static std::variant<TopicSettings, Refusal> read(FileSystem& files, Request request);

  // Of a topic; of the one with `topic_id` if that is known. If the metadata has the name under another id,
  // nothing is known of the topic. What is known of it is whole only if the metadata is: with defects in it,
  // the settings that it has count, but topic_known is not set. What the metadata says and Kafka would not
  // take is left out and told in `notes`: who deletes by that setting should refuse.
  //
  // Of the metadata log itself, which goes by its snapshots: nothing is compacted and nothing deleted,
  // whatever the command line says.
  TopicConfig of(std::string_view topic, const std::optional<Uuid>& topic_id,
                 std::vector<std::string>& notes) const;
  TopicConfig of(std::string_view topic, const std::optional<Uuid>& topic_id = std::nullopt) const;

  const std::optional<ClusterMetadata>& metadata() const { return sources_.metadata; }
  std::optional<std::int32_t> node_id() const { return sources_.node_id; }
  // ClusterMetadata::assignment(), for this node; nothing without metadata.
  std::optional<Assignment> assignment(const TopicPartition& partition,
                                       const std::optional<Uuid>& topic_id) const;

  // Of what the metadata sets for brokers: as the notes of a topic.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  explicit TopicSettings(Sources sources) : sources_(std::move(sources)) {}

  Sources sources_;
  TopicConfig brokers_;  // all that is not a topic's own, but for the command line
  std::vector<std::string> notes_;
};

}  // namespace kseg
