#include "tests/dump_lines.h"

#include "tests/support/base64.h"

namespace kseg {
namespace {

Dumped dump(const DumpOptions& options) {
  StringSink answers;
  StringSink notes;
  Output output(options.output.format, answers, notes);
  Dumped dumped{.status = run_dump(options, output)};
  output.finish();
  dumped.answers = answers.text;
  dumped.notes = notes.text;
  return dumped;
}

}  // namespace

std::vector<nlohmann::ordered_json> Dumped::of_type(std::string_view type) const {
  std::vector<nlohmann::ordered_json> found;
  for (const auto& line : lines) {
    if (line.at("type") == type) found.push_back(line);
  }
  return found;
}

Dumped dump_json(DumpOptions options) {
  options.output.format = Format::jsonl;
  Dumped dumped = dump(options);
  for (std::size_t from = 0; from < dumped.answers.size();) {
    const std::size_t to = dumped.answers.find('\n', from);
    dumped.lines.push_back(nlohmann::ordered_json::parse(dumped.answers.substr(from, to - from)));
    from = to + 1;
  }
  return dumped;
}

Dumped dump_text(DumpOptions options) {
  options.output.format = Format::text;
  return dump(options);
}

nlohmann::json base64_of(const nlohmann::ordered_json& bytes) {
  if (bytes.is_null()) return nullptr;
  if (bytes.is_object()) return bytes.at("base64").get<std::string>();
  return to_base64(as_bytes(bytes.get_ref<const std::string&>()));
}

}  // namespace kseg
