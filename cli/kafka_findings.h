// What Kafka's dump tool found wrong, which it tells when it is through with all files.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/java_hash_map.h"
#include "cli/kafka_file_name.h"
#include "cli/output.h"

namespace kseg {

class KafkaFindings {
 public:
  // An entry of an offset index that does not point to the batch that ends with its offset.
  void index_mismatch(const KafkaFileName& file, Offset indexed, Offset in_log);

  // Of a time index: another maximum in the log, a time not above that of the entry before, an offset that no
  // batch ends with (`in_log` is where the first batch at or behind it ends, -1 if there is none).
  void timestamp_mismatch(const KafkaFileName& file, std::int64_t indexed_ms, std::int64_t in_log_ms);
  void out_of_order(const KafkaFileName& file, std::int64_t indexed_ms, std::int64_t before_ms);
  void offset_not_found(const KafkaFileName& file, Offset indexed, Offset in_log);

  // Two neighbours in a log between which offsets are missing; -1 stands in front of the first record. This
  // is told like the others but is no damage: every segment but the first has it, and compacted logs are full
  // of it.
  void not_consecutive(const KafkaFileName& file, Offset offset, Offset next);

  // What else makes the answer "no", and is shown elsewhere.
  void damage() { damage_ = true; }

  bool any_damage() const;

  // On the notes' side.
  void tell(Output& output) const;

 private:
  using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;  // as they were met
  using PairsOfFiles = JavaHashMap<Pairs>;

  enum class Order { as_met, ascending, descending };  // the last two keep the last pair of a first number

  struct Words {
    std::string_view title;
    std::string_view first;
    std::string_view second;
    Order order = Order::as_met;
  };

  static void tell(const PairsOfFiles& files, const Words& words, Output& output);

  PairsOfFiles index_mismatches_;
  PairsOfFiles timestamp_mismatches_;
  PairsOfFiles out_of_order_;
  PairsOfFiles not_found_;
  PairsOfFiles not_consecutive_;
  bool damage_ = false;
};

}  // namespace kseg
