// Everything a command says. Answers go to one stream, notes and errors to the other; as text for
// people or as JSON Lines for scripts, where each object's first member is `type`.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <limits>
#include <string_view>

#include "formats/bytes.h"
#include "formats/defect.h"
#include "lib/file_system.h"

namespace kseg {

enum class Format {
  text,
  jsonl,
  kafka,  // text in the words of Kafka's own tool; only `dump` has it
};

// Where written bytes go. Both return 0 or the system's error number.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual int write(std::string_view bytes) = 0;  // all of them
  virtual int close() = 0;
};

Sink& standard_output();
Sink& standard_error();

// One line of named values, written in order straight into the output's buffer. Text shows the
// values in columns, `name value`; JSON is an object.
class Row {
 public:
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) Row& field(std::string_view name, Number value) {
    begin_field(name);
    const fmt::format_int digits(value);
    buffer_.append(digits.data(), digits.data() + digits.size());
    return *this;
  }
  Row& field(std::string_view name, Offset value) { return field(name, value.value); }
  Row& field(std::string_view name, Position value) { return field(name, value.value); }
  Row& field(std::string_view name, std::string_view value);
  template <std::same_as<bool> Boolean>  // not what a pointer converts to
  Row& field(std::string_view name, Boolean value) {
    return literal(name, value ? "true" : "false");
  }
  template <typename Value>
  Row& field(std::string_view name, const std::optional<Value>& value) {
    return value ? field(name, *value) : null(name);
  }
  Row& null(std::string_view name) { return literal(name, json_ ? "null" : "-"); }
  // Milliseconds in JSON, RFC 3339 in text.
  Row& time(std::string_view name, std::int64_t time_ms);
  void end();

 private:
  friend class Output;
  Row(class Output& output, std::string_view type);
  void begin_field(std::string_view name);
  Row& literal(std::string_view name, std::string_view value);

  Output& output_;
  fmt::memory_buffer& buffer_;
  bool json_;
  std::size_t column_ = 0;  // text: where the field before begins
};

class Output {
 public:
  Output(Format format, Sink& answers, Sink& notes)
      : json_(format == Format::jsonl), answers_(answers), notes_(notes) {}

  // Holds answers until another output takes them, for what is made beside it. Notes are lost: who is told
  // of defects() drops what is held and says it anew, in its turn.
  explicit Output(Format format);
  bool holds() const { return flush_bytes_ == kNever; }
  // What is not yet written is tried once more, without complaint: there is something worse to say.
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool json() const { return json_; }

  // One line of the answer, without its newline, appended to line() and closed by end_line().
  fmt::memory_buffer& line() { return buffer_; }
  void end_line() {
    buffer_.push_back('\n');
    if (buffer_.size() >= flush_bytes_) flush();
  }
  // A line of text.
  template <typename... Arguments>
  void print(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(buffer_), text, std::forward<Arguments>(arguments)...);
    end_line();
  }
  // In JSON of that type; text shows no type.
  Row row(std::string_view type) { return Row(*this, type); }

  // "path: position P, offset N: what: expected X, found Y" on the notes' side, or a `defect` object
  // among the answers.
  void defect(const Path& path, const Defect& defect);
  std::uint64_t defects() const { return defects_; }

  // As a defect, but it is none: a `note` object.
  void note(const Path& path, Position position, std::string_view text);

  // A line for people, whatever the format.
  void remark(std::string_view text);

  // What another one holds; it is empty then. Throws IoError.
  void take(Output& held);

  // Throws IoError.
  void flush();
  // Nothing comes after it. Throws IoError, also for what the system only says when closing.
  void finish();

 private:
  static constexpr std::size_t kFlushBytes = std::size_t{1} << 18;
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

  bool json_;
  Sink& answers_;
  Sink& notes_;
  std::size_t flush_bytes_ = kFlushBytes;
  fmt::memory_buffer buffer_;
  std::uint64_t defects_ = 0;
};

}  // namespace kseg
