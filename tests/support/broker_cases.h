// What Kafka did to small logs: tests/data/cases (see the README there).
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "formats/bytes.h"

namespace kseg {

// The lines of cases.jsonl with this "kind".
std::vector<nlohmann::json> broker_cases(std::string_view kind);

// Of an `in` or `out` member: file name → content.
std::map<std::string, ByteBuffer> decode_files(const nlohmann::json& files);

}  // namespace kseg
