#include "lib/replicas.h"

#include <algorithm>

#include "formats/partition_record.h"
#include "formats/record.h"
#include "lib/partition_log.h"
#include "lib/segment_reader.h"

namespace kseg {
namespace {

class MetadataReader {
 public:
  MetadataReader(FileSystem& files, const Uuid& topic_id, std::int32_t partition)
      : files_(files), topic_id_(topic_id), partition_(partition) {}

  // What is damaged says nothing.
  void read(const Path& path) {
    const auto file = files_.open(path);
    SegmentReader reader(*file);
    while (true) {
      const auto batch = reader.next();
      if (!batch) continue;
      if (!*batch) return;
      if ((*batch)->header.is_control()) continue;
      const auto records = uncompressed_records(**batch, decompressor_, scratch_);
      if (!records) continue;
      RecordReader record_reader((*batch)->header, records->bytes);
      for (RecordView record; record_reader.next(record);) {
        if (record.value) take(*record.value);
      }
    }
  }

  std::optional<std::vector<std::int32_t>> replicas;

 private:
  void take(Bytes value) {
    const auto told = decode_partition_replicas(value);
    if (!told || !*told) return;
    if ((*told)->topic_id == topic_id_ && (*told)->partition == partition_) replicas = (*told)->replicas;
  }

  FileSystem& files_;
  Uuid topic_id_;
  std::int32_t partition_;
  Decompressor decompressor_;
  ByteBuffer scratch_;
};

}  // namespace

std::optional<std::vector<std::int32_t>> replicas_of(FileSystem& files, const LogDir& root,
                                                     const Uuid& topic_id, std::int32_t partition) {
  const Path folder = root.path() / to_string(TopicPartition{std::string(kClusterMetadataTopic), 0});
  const auto info = files.info(folder);
  if (!info || !info->is_directory) return std::nullopt;
  MetadataReader reader(files, topic_id, partition);
  std::optional<std::string> newest;  // names ascend with their offsets
  for (const DirectoryEntry& entry : files.list(folder)) {
    const auto name = parse_metadata_snapshot_name(entry.name);
    if (name && name->state == MetadataSnapshotName::State::current) newest = entry.name;
  }
  if (newest) reader.read(folder / *newest);
  const PartitionLog log = PartitionLog::open(files, folder);
  for (const Segment& segment : log.segments()) reader.read(segment.log);
  return reader.replicas;
}

}  // namespace kseg
