// A record as a reader gets it from a broker.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/offset.h"
#include "lib/readable_log.h"

namespace kseg {

inline constexpr std::array kIsolations{Isolation::read_uncommitted, Isolation::read_committed};
std::string_view name(Isolation isolation);  // as Kafka spells it

template <typename Value>
struct PerIsolation {
  std::array<Value, kIsolations.size()> values;
  Value& operator[](Isolation isolation) { return values[static_cast<std::size_t>(isolation)]; }
  const Value& operator[](Isolation isolation) const { return values[static_cast<std::size_t>(isolation)]; }
};

struct ServedRecord {
  Offset offset;
  std::int32_t leader_epoch = 0;
  std::int64_t timestamp_ms = 0;
  std::string timestamp_type;  // "CreateTime", "LogAppendTime"
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  friend bool operator==(const ServedRecord&, const ServedRecord&) = default;
};

// One line; of long keys and values the beginning and the size.
std::string describe(const ServedRecord& record);

// Java reads header keys as UTF-8 and replaces what is none.
ServedRecord as_java_reads(ServedRecord record);

// With kKcatFormat. What kcat cannot tell is not in it: epoch, type of timestamp.
inline constexpr const char* kKcatFormat = "%o %T %K %S %k%s%h\n";
std::string as_kcat_prints(const ServedRecord& record);

}  // namespace kseg
