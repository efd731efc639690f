#include "cli/kafka_file_name.h"

#include "formats/decimal.h"

namespace kseg {

KafkaFileName::KafkaFileName(std::string_view text) {
  for (const char c : text) {
    if (c != '/' || !path_.ends_with('/')) path_.push_back(c);
  }
  if (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  absolute_ = path_.starts_with('/') ? path_ : std::filesystem::current_path().native() + "/" + path_;
}

std::string_view KafkaFileName::name() const {
  const std::string_view path = path_;
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view KafkaFileName::suffix() const {
  const std::size_t dot = name().rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name().substr(dot);
}

std::string_view KafkaFileName::stem() const {
  return name().substr(0, name().find('.'));
}

std::optional<Offset> KafkaFileName::base_offset() const {
  const auto number = parse_decimal<std::int64_t>(stem());
  return number ? std::optional(Offset{*number}) : std::nullopt;
}

Defect KafkaFileName::not_a_number() const {
  return {.code = DefectCode::bad_text,
          .position = {},
          .expected = "a file name that begins with an offset and a dot",
          .found = std::string(name())};
}

Path KafkaFileName::companion(std::string_view suffix) const {
  return Path(path_).parent_path() / (std::string(stem()) + std::string(suffix));
}

}  // namespace kseg
