// Where the batches of a `.log` are, from any of them to the end, for who asks for many beginnings.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "lib/kafka_log_walk.h"

namespace kseg {

class KafkaBatchList {
 public:
  struct Entry {
    Position position;
    std::optional<Offset> last_offset;  // nothing if the file ends within the header
  };

  // Borrows `file`, which has that many bytes.
  KafkaBatchList(File& file, std::uint64_t file_bytes);

  // The batches from `begin` to the end of the file, found by their lengths. Valid until the next call.
  // Errors: those of KafkaLogWalk.
  Result<std::span<const Entry>> from(Position begin);

 private:
  FileChunk chunk_;
  Position end_;
  std::vector<Entry> batches_;
};

}  // namespace kseg
