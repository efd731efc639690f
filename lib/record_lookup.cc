#include "lib/record_lookup.h"

#include "lib/partition_reader.h"

namespace kseg {

bool look_up_record(FileSystem& files, const Path& target, Offset offset,
                    const std::function<void(const RecordBatchHeader&, const RecordView&)>& found) {
  const PartitionReader::Options options{.range = {.begin = offset, .end = offset + 1}};
  const auto info = files.info(target);
  PartitionReader reader = info && info->is_directory ? PartitionReader::of_folder(files, target, options)
                                                      : PartitionReader::of_file(files, target, options);
  Decompressor decompressor;
  ByteBuffer scratch;
  while (true) {
    const auto batch = reader.next();
    if (!batch) continue;
    if (!*batch) return false;
    const auto records = uncompressed_records(**batch, decompressor, scratch);
    if (!records) continue;
    RecordReader in_batch((*batch)->header, records->bytes);
    for (RecordView record; in_batch.next(record);) {
      if (record.offset != offset) continue;
      found((*batch)->header, record);
      return true;
    }
  }
}

}  // namespace kseg
