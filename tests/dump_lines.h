// Runs `kseg dump` in the test's own process and holds what it said.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/dump.h"

namespace kseg {

struct Dumped {
  ExitStatus status = ExitStatus::done;
  std::string answers;                        // standard output
  std::string notes;                          // standard error
  std::vector<nlohmann::ordered_json> lines;  // of jsonl

  std::vector<nlohmann::ordered_json> of_type(std::string_view type) const;
  const nlohmann::ordered_json& summary() const { return lines.back(); }
};

Dumped dump_json(DumpOptions options);
Dumped dump_text(DumpOptions options);

// What a key or value of JSON stands for, in base64; null stays null.
nlohmann::json base64_of(const nlohmann::ordered_json& bytes);

// What is written to it, or an error number for every write or close.
class StringSink : public Sink {
 public:
  int write(std::string_view bytes) override {
    if (write_error != 0) return write_error;
    text += bytes;
    return 0;
  }
  int close() override { return close_error; }

  std::string text;
  int write_error = 0;
  int close_error = 0;
};

}  // namespace kseg
