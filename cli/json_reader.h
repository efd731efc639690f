// Reads one JSON value from a text, piece by piece, with no tree in between. A tripped reader stays
// tripped and yields nothing, so that a caller asks once, at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/bytes.h"

namespace kseg {

class JsonReader {
 public:
  enum class Kind { string, number, boolean, null, object, array, none };

  // Borrows `text`.
  explicit JsonReader(std::string_view text) : text_(text) {}

  Kind kind();  // of the value that comes; none at the end or for what is no value

  // Calls on_member(name) for each member, which takes its value; `name` is valid until it does.
  template <typename OnMember>
  void object(OnMember on_member) {
    for (bool first = true; next_in('{', '}', first); first = false) {
      member_.clear();
      string(member_);
      punctuation(':');
      if (ok()) on_member(as_text(member_));
    }
  }
  template <typename OnElement>
  void array(OnElement on_element) {
    for (bool first = true; next_in('[', ']', first); first = false) on_element();
  }
  void string(ByteBuffer& out);  // appends its bytes
  std::int64_t integer();        // whole, and in range
  bool boolean();
  void null();
  void skip();  // whatever comes
  void end();   // nothing but blanks comes

  bool ok() const { return wrong_.empty(); }
  // "position 17: expected ':', found '}'", counted from 1.
  const std::string& wrong() const { return wrong_; }
  void trip(std::string_view expected);

 private:
  void blanks();
  bool take(char wanted);
  void punctuation(char wanted);
  bool next_in(char open, char close, bool first);
  void literal(std::string_view word);
  std::uint32_t hex4();
  void escape(ByteBuffer& out);

  static constexpr int kMaxDepth = 64;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  ByteBuffer member_;
  ByteBuffer skipped_;
  std::string wrong_;
};

}  // namespace kseg
