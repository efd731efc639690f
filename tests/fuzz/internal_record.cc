// Bytes as records of internal topics: the first picks the topic, the second how much is the key. What is
// decoded is an object, and what Kafka refuses to read is not.
#include "formats/check.h"
#include "formats/kafka_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  if (size < 2) return 0;
  const auto topic = static_cast<InternalTopic>(data[0] % 5);
  const Bytes rest(data + 2, size - 2);
  const std::size_t key_size = data[1] % (rest.size() + 1);
  RecordView record;
  record.value = rest.subspan(key_size);
  if (data[0] < 128) record.key = rest.first(key_size);

  static KafkaRecordText text;
  static DecodedRecord decoded;
  (void)kafka_record_text(topic, record, text);
  decode_internal_record(topic, record, MessageForm::whole, decoded);
  for (const DecodedMessage* message : {&decoded.key, &decoded.value}) {
    const std::string_view json(message->data.data(), message->data.size());
    const bool is_decoded = message->state == DecodedMessage::State::decoded;
    check(is_decoded == (json.starts_with('{') && json.ends_with('}')), "what is decoded is an object");
    check(is_decoded == message->wrong.empty() || message->state == DecodedMessage::State::null,
          "what is not decoded is told");
  }

  RecordView control{.key = record.value->first(std::min<std::size_t>(record.value->size(), 4))};
  control.value = record.value->subspan(control.key->size());
  fmt::memory_buffer line;
  check(append_kafka_control_text(control, line) == (line.size() > 0), "a broken control record has no text");
  return 0;
}
