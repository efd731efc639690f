#include "tests/broker_round/served_record.h"

#include <fmt/format.h>

#include "formats/record.h"
#include "tests/support/hex.h"

namespace kseg {
namespace {

constexpr std::size_t kShownBytes = 120;

std::string show(const std::optional<std::string>& bytes) {
  if (!bytes) return "null";
  std::string text = "0x" + to_hex(as_bytes(*bytes).first(std::min(bytes->size(), kShownBytes)));
  if (bytes->size() > kShownBytes) text += fmt::format("… ({} bytes)", bytes->size());
  return text;
}

std::int64_t size(const std::optional<std::string>& bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

}  // namespace

std::string_view name(Isolation isolation) {
  switch (isolation) {
    case Isolation::read_uncommitted: return "read_uncommitted";
    case Isolation::read_committed: return "read_committed";
  }
  return "";
}

std::string describe(const ServedRecord& record) {
  std::string text =
      fmt::format("offset {}, epoch {}, {} {}, key {}, value {}", record.offset, record.leader_epoch,
                  record.timestamp_type, record.timestamp_ms, show(record.key), show(record.value));
  for (const auto& [key, value] : record.headers)
    text += fmt::format(", header {}={}", show(key), show(value));
  return text;
}

ServedRecord as_java_reads(ServedRecord record) {
  for (auto& [key, value] : record.headers) {
    ByteBuffer utf8;
    append_as_utf8(as_bytes(key), utf8);
    key = as_text(utf8);
  }
  return record;
}

std::string as_kcat_prints(const ServedRecord& record) {
  std::string text = fmt::format("{} {} {} {} {}{}", record.offset, record.timestamp_ms, size(record.key),
                                 size(record.value), record.key.value_or(""), record.value.value_or(""));
  for (std::size_t i = 0; i < record.headers.size(); ++i) {
    const auto& [key, value] = record.headers[i];
    // It prints values of headers as C strings.
    text += fmt::format("{}{}={}", i == 0 ? "" : ",", key, value ? value->c_str() : "NULL");
  }
  return text + "\n";
}

}  // namespace kseg
