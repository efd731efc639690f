#include "cli/kafka_dump_options.h"

#include <CLI/CLI.hpp>

#include "formats/decimal.h"

namespace kseg {
namespace {

constexpr const char* kGroup = "With --format kafka";

// Parts between commas; empty ones at the end vanish, as Java splits.
std::vector<std::string> split_files(const std::string& text) {
  std::vector<std::string> files;
  std::size_t begin = 0;
  for (std::size_t comma; (comma = text.find(',', begin)) != std::string::npos; begin = comma + 1)
    files.push_back(text.substr(begin, comma - begin));
  files.push_back(text.substr(begin));
  while (!text.empty() && !files.empty() && files.back().empty()) files.pop_back();
  return files;
}

// With or without the package that they are in.
KafkaDecoder parse_decoder(const std::string& option, const std::string& text) {
  constexpr std::string_view kPackage = "org.apache.kafka.tools.api.";
  std::string_view name = text;
  if (name.starts_with(kPackage)) name.remove_prefix(kPackage.size());
  if (name == "StringDecoder") return KafkaDecoder::string;
  if (name == "IntegerDecoder") return KafkaDecoder::int32;
  if (name == "LongDecoder") return KafkaDecoder::int64;
  if (name == "DefaultDecoder") {
    throw CLI::ValidationError(option,
                               "DefaultDecoder shows where Java keeps the bytes, not what they are; "
                               "--values of the other formats shows them");
  }
  throw CLI::ValidationError(option, "expected StringDecoder, IntegerDecoder or LongDecoder, found " + text);
}

class Options {
 public:
  Options(CLI::App& command, KafkaDumpOptions& options) : command_(command), options_(options) {}

  void flag(const std::string& name, bool& is_set, const std::string& help) {
    command_.add_flag(name, is_set, help)->group(kGroup);
  }

  void bytes(const std::string& name, std::int32_t& count, const std::string& help) {
    const auto set = [name, &count](const std::string& text) {
      const auto number = parse_decimal<std::int32_t>(text);
      if (!number || *number < 0)
        throw CLI::ValidationError(name, "expected a number of bytes up to 2147483647, found " + text);
      count = *number;
    };
    command_.add_option_function<std::string>(name, set, help)->type_name("N")->group(kGroup);
  }

  void class_decoder(const std::string& name, KafkaDecoder& decoder, const std::string& help) {
    const auto set = [this_options = &options_, name, &decoder](const std::string& text) {
      this_options->print_data_log = true;
      if (!text.empty()) decoder = parse_decoder(name, text);
    };
    command_.add_option_function<std::string>(name, set, help)
        ->expected(0, 1)
        ->type_name("[CLASS]")
        ->group(kGroup);
  }

  // Of several that are given, the one that was added first counts: their order is Kafka's.
  void topic_decoder(const std::string& name, InternalTopic topic, const std::string& help) {
    const auto set = [this_options = &options_, topic] {
      if (!this_options->topic_decoder) this_options->topic_decoder = topic;
      this_options->print_data_log = true;
    };
    command_.add_flag_callback(name, set, help)->group(kGroup);
  }

 private:
  CLI::App& command_;
  KafkaDumpOptions& options_;
};

}  // namespace

void add_kafka_dump_options(CLI::App& command, KafkaDumpOptions& options) {
  Options add(command, options);
  const auto set_files = [&options](const std::string& text) { options.files = split_files(text); };
  command.add_option_function<std::string>("--files", set_files, "files, with commas between them")
      ->type_name("A,B,...")
      ->group(kGroup);
  add.flag("--deep-iteration", options.deep_iteration, "a line for each record");
  add.flag("--print-data-log", options.print_data_log, "the same, with keys and values");
  add.flag("--skip-record-metadata", options.skip_record_metadata, "of records, keys and values only");
  add.bytes("--max-bytes", options.max_bytes, "of a log look only at the first N bytes");
  add.flag("--verify-index-only", options.verify_index_only, "of indexes, show no entries");
  add.flag("--index-sanity-check", options.index_sanity_check,
           "of indexes, only a broker's check at its start");
  add.bytes("--max-message-size", options.max_message_size,
            "bytes of the log for an entry of an index (default: 5242880)");
  add.class_decoder("--key-decoder-class", options.key_decoder, "StringDecoder, IntegerDecoder, LongDecoder");
  add.class_decoder("--value-decoder-class", options.value_decoder, "likewise");
  add.topic_decoder("--offsets-decoder", InternalTopic::consumer_offsets, "for __consumer_offsets");
  add.topic_decoder("--transaction-log-decoder", InternalTopic::transaction_state, "for __transaction_state");
  add.topic_decoder("--cluster-metadata-decoder", InternalTopic::cluster_metadata, "for __cluster_metadata");
  add.topic_decoder("--remote-log-metadata-decoder", InternalTopic::remote_log_metadata,
                    "for __remote_log_metadata");
  add.topic_decoder("--share-group-state-decoder", InternalTopic::share_group_state,
                    "for __share_group_state");
  add.flag("--exit-like-kafka", options.exit_like_kafka, "status 0 also if something was found");
}

void check_kafka_dump_options(const CLI::App& command, bool chosen) {
  for (const CLI::Option* option : command.get_options()) {
    const bool of_kafka = option->get_group() == kGroup;
    if (option->count() == 0 || option->get_positional() || of_kafka == chosen) continue;
    const std::string name = option->get_name();
    if (of_kafka) throw CLI::ValidationError(name, "belongs to --format kafka");
    if (name != "--format") throw CLI::ValidationError(name, "does not go with --format kafka");
  }
}

}  // namespace kseg
