// Whether records are decoded as those of one of Kafka's own topics: --decoder.
#pragma once

#include <optional>
#include <string_view>

#include "formats/internal_record.h"

namespace kseg {

struct DecoderChoice {
  enum class By { topic, option, nothing };
  By by = By::topic;          // its name
  InternalTopic option = {};  // of all records

  // For the records of a topic, of which perhaps not even the name is known.
  std::optional<InternalTopic> of(std::string_view topic) const {
    switch (by) {
      case By::topic: return internal_topic(topic);
      case By::option: return option;
      case By::nothing: break;
    }
    return std::nullopt;
  }
};

// The name of a topic without its underscores, or "none".
std::optional<DecoderChoice> parse_decoder_choice(std::string_view text);

}  // namespace kseg
