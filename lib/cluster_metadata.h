// What a log directory's own copy of the cluster's metadata says of topics, of who holds their partitions,
// and of settings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/file_names.h"
#include "formats/uuid.h"
#include "lib/located_defect.h"

namespace kseg {

// The folder `__cluster_metadata-0` in `directory`, or `directory` if that is one; nothing if there is none.
std::optional<Path> find_cluster_metadata(FileSystem& files, const Path& directory);

// Whether a broker that starts would take a partition folder for its own. All but the first are stray to it:
// it sets the folder aside, without a look at what is in it.
enum class Assignment {
  assigned,
  no_topic_id,        // the folder has no partition.metadata
  unknown_topic,      // neither the name nor the id
  other_topic,        // name and id are not those of one topic
  unknown_partition,  // the topic has no such partition
  other_brokers,      // the partition is not this broker's
};
std::string_view name(Assignment assignment);  // "other_topic"
inline bool is_stray(Assignment assignment) {
  return assignment != Assignment::assigned;
}

class ClusterMetadata {
 public:
  struct Partition {
    std::vector<std::int32_t> replicas;  // ids of brokers
    std::vector<Uuid> directories;       // one for each replica, or none
  };
  struct Topic {
    std::string name;
    Uuid id;
    std::map<std::int32_t, Partition> partitions;
  };
  using Settings = std::map<std::string, std::string, std::less<>>;

  // Reads the newest snapshot in `folder`, then the log from the snapshot's offset on. All of the log counts,
  // though a quorum may not have committed its end. If a file vanishes, all is read again. Throws IoError.
  static ClusterMetadata read(FileSystem& files, const Path& folder);

  const std::map<Uuid, Topic>& topics() const { return topics_; }
  // Null if there is none. One that was removed and created again is the new one.
  const Topic* topic(std::string_view topic_name) const;
  const Topic* topic(const Uuid& topic_id) const;
  const Partition* partition(const Uuid& topic_id, std::int32_t partition) const;

  // What is set, by Kafka's names and with the values as they are written; empty if nothing is.
  const Settings& settings_of_topic(std::string_view topic_name) const;
  const Settings& settings_of_all_brokers() const { return settings_of_broker_name({}); }
  const Settings& settings_of_broker(std::int32_t node_id) const;

  // Of a folder whose partition.metadata has `topic_id`, in a directory of the broker `node_id`; of any
  // broker if that is nothing. The metadata log itself is assigned to whoever has it.
  Assignment assignment(const TopicPartition& partition, const std::optional<Uuid>& topic_id,
                        std::optional<std::int32_t> node_id) const;

  // Damage, and what is missing: from the first of them on, what is said here may be out of date or wrong.
  // Whoever deletes something by it should refuse. What cannot be read is passed over. At most 100 are kept.
  // Codes: those of SegmentReader, RecordReader, decompression and decode_metadata_record; missing_file (of
  // what was below the log's begin), offset_order (a batch that does not follow on the one before), truncated
  // (a snapshot without its footer), bad_record (of a topic that is not there, or a transaction that is not
  // open).
  const std::vector<LocatedDefect>& defects() const { return defects_; }
  // What was left out and should be: a torn end of the log, a transaction that was not ended.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  class Reader;
  const Settings& settings_of_broker_name(std::string_view name) const;

  std::map<Uuid, Topic> topics_;
  std::map<std::string, Uuid, std::less<>> ids_;
  std::map<std::string, Settings, std::less<>> topic_settings_;   // of a topic's name
  std::map<std::string, Settings, std::less<>> broker_settings_;  // of a node id, or of ""
  std::vector<LocatedDefect> defects_;
  std::vector<std::string> notes_;
};

}  // namespace kseg
