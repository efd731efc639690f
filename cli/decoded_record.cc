#include "cli/decoded_record.h"

#include <iterator>

#include "cli/json_bytes.h"
#include "cli/text_bytes.h"
#include "formats/base64.h"

namespace kseg {
namespace {

using State = DecodedMessage::State;

std::string_view json_of(const DecodedMessage& message) {
  return {message.data.data(), message.data.size()};
}

void append_message_json(fmt::memory_buffer& out, const DecodedMessage& message) {
  if (message.state == State::null) return out.append(std::string_view("null"));
  const auto to = std::back_inserter(out);
  std::string_view separator = "{";
  const auto member = [&](std::string_view name) {
    fmt::format_to(to, R"({}"{}":)", separator, name);
    separator = ",";
  };
  if (message.type) member("type"), fmt::format_to(to, "{}", *message.type);
  if (!message.name.empty()) member("name"), fmt::format_to(to, R"("{}")", message.name);
  if (message.version) member("version"), fmt::format_to(to, "{}", *message.version);
  if (message.state == State::decoded) {
    member("data"), out.append(json_of(message));
  } else {
    member("error"), append_json(out, as_bytes(message.wrong));
  }
  if (!message.trailing.empty()) {
    member("trailing"), out.push_back('"');
    append_base64(out, message.trailing);
    out.push_back('"');
  }
  out.push_back('}');
}

void append_message_text(fmt::memory_buffer& out, const DecodedMessage& message,
                         const std::optional<Bytes>& raw) {
  const auto to = std::back_inserter(out);
  if (!message.name.empty()) fmt::format_to(to, "{} ", message.name);
  if (message.version && message.state != State::unknown_type) fmt::format_to(to, "v{} ", *message.version);
  if (message.state != State::decoded) {
    append_text(out, raw);
    if (message.wrong.empty()) return;
    fmt::format_to(to, " ({}", message.wrong);
    if (message.state == State::unknown_type) fmt::format_to(to, " {}", *message.type);
    out.push_back(')');
    return;
  }
  append_json_text(out, json_of(message));
  if (message.trailing.empty()) return;
  out.append(std::string_view(" (trailing "));
  append_text(out, message.trailing);
  out.push_back(')');
}

}  // namespace

void append_decoded_json(fmt::memory_buffer& out, const RecordView& record, const DecodedRecord& decoded) {
  out.append(std::string_view(R"({"key":)"));
  append_message_json(out, decoded.key);
  if (decoded.value.state != State::null || !record.value) {
    out.append(std::string_view(R"(,"value":)"));
    append_message_json(out, decoded.value);
  }
  out.push_back('}');
}

void append_decoded_text(fmt::memory_buffer& out, const RecordView& record, const DecodedRecord& decoded) {
  if (record.key || decoded.value.state == State::null) {
    append_message_text(out, decoded.key, record.key);
    out.append(std::string_view(": "));
  }
  append_message_text(out, decoded.value, record.value);
}

}  // namespace kseg
