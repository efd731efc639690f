// Lines of a file or of standard input, however large it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/file_system.h"

namespace kseg {

class LineInput {
 public:
  // Standard input, or the file. Throws IoError.
  explicit LineInput(const std::optional<Path>& file);
  ~LineInput();
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  // The next line without its newline (a CR before it stays); valid until the next call. The last line
  // needs no newline. Throws IoError.
  std::optional<std::string_view> next();

  std::uint64_t line() const { return line_; }  // number of what next() gave last, from 1
  const Path& name() const { return name_; }

 private:
  bool fill();

  Path name_;
  int descriptor_ = 0;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not yet given
  std::size_t end_ = 0;
  std::uint64_t line_ = 0;
};

}  // namespace kseg
