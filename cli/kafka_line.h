// A line in the words of Kafka's tools: labels and what stands behind them, appended to the output's buffer.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string_view>

#include "cli/output.h"
#include "formats/record.h"

namespace kseg {

class KafkaLine {
 public:
  explicit KafkaLine(Output& output) : output_(output), buffer_(output.line()) {}

  KafkaLine& text(std::string_view text) {
    buffer_.append(text);
    return *this;
  }
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) KafkaLine& text(std::string_view label, Number value) {
    buffer_.append(label);
    const fmt::format_int digits(value);
    buffer_.append(digits.data(), digits.data() + digits.size());
    return *this;
  }
  KafkaLine& text(std::string_view label, Offset value) { return text(label, value.value); }
  KafkaLine& text(std::string_view label, std::string_view value) { return text(label).text(value); }
  template <std::same_as<bool> Boolean>
  KafkaLine& text(std::string_view label, Boolean value) {
    return text(label, std::string_view(value ? "true" : "false"));
  }
  KafkaLine& text(std::string_view label, const std::optional<std::int64_t>& value) {
    return value ? text(label).text("OptionalLong[", *value).text("]") : text(label, "OptionalLong.empty");
  }

  // What Java makes of bytes that should be UTF-8.
  KafkaLine& utf8(Bytes bytes) {
    if (is_utf8(bytes)) return text(as_text(bytes));
    ByteBuffer repaired;
    append_as_utf8(bytes, repaired);
    return text(as_text(repaired));
  }

  void end() { output_.end_line(); }

 private:
  Output& output_;
  fmt::memory_buffer& buffer_;
};

}  // namespace kseg
