// Names of files as Kafka's dump tool takes them apart and repeats them, which is Java's way.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/defect.h"
#include "lib/file_system.h"

namespace kseg {

class KafkaFileName {
 public:
  explicit KafkaFileName(std::string_view text);

  const std::string& path() const { return path_; }  // as given, without surplus slashes
  std::string_view name() const;                     // behind the last slash
  std::string_view suffix() const;                   // from the last dot of the name on; empty without one
  std::string_view stem() const;                     // of the name, in front of the first dot
  std::optional<Offset> base_offset() const;         // the stem, if it is a number
  const std::string& absolute() const { return absolute_; }  // "." and ".." stay
  Defect not_a_number() const;                               // what is wrong if there is none: bad_text
  Path companion(std::string_view suffix) const;  // the stem with another suffix, in the same folder

 private:
  std::string path_;
  std::string absolute_;
};

}  // namespace kseg
