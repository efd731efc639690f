// Lines of a text file as Java's BufferedReader.readLine yields them: ended by LF, CR, CR LF or the
// end of the file. An empty file has no line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/bytes.h"
#include "formats/defect.h"

namespace kseg {

class LineReader {
 public:
  // Borrows `text`, as do the lines.
  explicit LineReader(Bytes text) : text_(as_text(text)) {}

  // The next line without its end; nothing at the end of the file.
  std::optional<std::string_view> next();

  // Of the line that next() gave last; the end of the file behind the last one.
  Position position() const { return {start_}; }

  // bad_text at the line that next() gave last, which stands in `found`.
  Defect bad_text(std::string expected) const;

 private:
  std::string_view text_;
  std::size_t start_ = 0;
  std::size_t next_ = 0;
};

// The parts of `line` as Java's String.split yields them: an empty one at the front counts, empty ones
// at the end do not. They are separated by runs of whitespace, right behind `mark` if one is given.
std::vector<std::string_view> split(std::string_view line, std::string_view mark = "");

// `text` as it may stand in a message: cut short, and nothing that a terminal would act on.
std::string quote(std::string_view text);

}  // namespace kseg
