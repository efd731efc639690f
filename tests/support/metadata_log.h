// A `__cluster_metadata-0` for a test: its log and its snapshots, record by record.
//
//   MetadataLog log;
//   log.add(TopicRecord{.name = "orders", .topic_id = id}).add(PartitionRecord{…});
//   ClusterMetadata::read(posix_file_system(), log.write(folder));
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/metadata_record.h"
#include "formats/record_batch.h"
#include "lib/cluster_metadata.h"
#include "lib/file_system.h"

namespace kseg {

class MetadataLog {
 public:
  // A batch of its own.
  MetadataLog& add(const MetadataRecord& record);
  MetadataLog& add_value(Bytes value);

  // A snapshot of what is below the end of the log. The log keeps what it has.
  MetadataLog& snapshot(const std::vector<MetadataRecord>& records);
  // Drops what the log has; it goes on where it was.
  MetadataLog& drop_log();
  // Leaves offsets out.
  MetadataLog& skip(std::int64_t offsets);

  // Flips the bits of a byte in the last batch.
  MetadataLog& damage_last();
  // Cuts bytes off the end of the log, or of the newest snapshot.
  MetadataLog& cut(std::size_t bytes);
  MetadataLog& cut_snapshot(std::size_t bytes);

  // Writes `__cluster_metadata-0` into `root`; returns its path.
  Path write(const Path& root) const;

 private:
  std::int64_t base_ = 0;  // of the segment
  std::int64_t next_ = 0;
  ByteBuffer log_;
  std::size_t last_start_ = 0;
  std::map<std::int64_t, ByteBuffer> snapshots_;
};

// What kseg reads of it.
ClusterMetadata read(const MetadataLog& log);

// A setting of a topic, nothing if it is removed; one of the broker `node`, "" for all of them.
MetadataRecord setting(std::string name, std::optional<std::string> value, std::string topic = "orders");
MetadataRecord broker_setting(std::string node, std::string name, std::string value);

}  // namespace kseg
