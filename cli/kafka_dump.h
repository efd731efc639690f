// `kseg dump --format kafka`: in the very words of Kafka's own dump tool (DumpLogSegments of 4.3.1), byte for
// byte, for scripts that read them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "formats/internal_record.h"

namespace kseg {

enum class KafkaDecoder { string, int32, int64 };  // Kafka's StringDecoder, IntegerDecoder, LongDecoder

struct KafkaDumpOptions {
  std::vector<std::string> files;
  bool print_data_log = false;
  bool deep_iteration = false;
  bool skip_record_metadata = false;
  bool verify_index_only = false;
  bool index_sanity_check = false;
  std::int32_t max_message_size = 5 * 1024 * 1024;                    // bytes looked at behind an index entry
  std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();  // of a log
  KafkaDecoder key_decoder = KafkaDecoder::string;
  KafkaDecoder value_decoder = KafkaDecoder::string;
  std::optional<InternalTopic> topic_decoder = std::nullopt;  // instead of the two
  bool exit_like_kafka = false;  // done whatever is found, if only Kafka's tool gets to its end

  bool shows_records() const { return deep_iteration || print_data_log; }
};

// Dumps `targets`, of a folder its files of the kinds that Kafka's tool knows, by name, and then
// `options.files`. Ends where Kafka's tool ends: behind what it met with an exception nothing more is dumped,
// and its findings are not told. done; no if anything is damaged. Throws IoError.
ExitStatus run_kafka_dump(const std::vector<std::string>& targets, const KafkaDumpOptions& options,
                          Output& output);

}  // namespace kseg
