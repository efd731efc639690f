#include "cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "cli/json_bytes.h"
#include "cli/line_text.h"
#include "cli/time_argument.h"

namespace kseg {
namespace {

const Path kStandardOutput = "standard output";
constexpr std::size_t kColumnWidth = 10;  // of a value in text

class DescriptorSink : public Sink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

  int write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
  }

  int close() override { return ::close(descriptor_) == 0 ? 0 : errno; }

 private:
  int descriptor_;
};

class Nowhere : public Sink {
 public:
  int write(std::string_view) override { return 0; }
  int close() override { return 0; }
};

Sink& nowhere() {
  static Nowhere sink;
  return sink;
}

}  // namespace

Sink& standard_output() {
  static DescriptorSink sink(STDOUT_FILENO);
  return sink;
}

Sink& standard_error() {
  static DescriptorSink sink(STDERR_FILENO);
  return sink;
}

Row::Row(Output& output, std::string_view type)
    : output_(output), buffer_(output.line()), json_(output.json()), column_(buffer_.size()) {
  if (!json_) return;
  fmt::format_to(std::back_inserter(buffer_), R"({{"type":"{}")", type);
}

void Row::begin_field(std::string_view name) {
  if (json_) {
    buffer_.push_back(',');
    buffer_.push_back('"');
    buffer_.append(name);
    buffer_.append(std::string_view("\":"));
    return;
  }
  while (buffer_.size() < column_) buffer_.push_back(' ');
  buffer_.append(std::string_view("  "));
  buffer_.append(name);
  buffer_.push_back(' ');
  column_ = buffer_.size() + kColumnWidth;
}

Row& Row::field(std::string_view name, std::string_view value) {
  begin_field(name);
  if (json_)
    append_json(buffer_, as_bytes(value));
  else
    buffer_.append(value);
  return *this;
}

Row& Row::literal(std::string_view name, std::string_view value) {
  begin_field(name);
  buffer_.append(value);
  return *this;
}

Row& Row::time(std::string_view name, std::int64_t time_ms) {
  return json_ ? field(name, time_ms) : literal(name, format_time_ms(time_ms));
}

void Row::end() {
  if (json_) buffer_.push_back('}');
  output_.end_line();
}

Output::Output(Format format)
    : json_(format == Format::jsonl), answers_(nowhere()), notes_(nowhere()), flush_bytes_(kNever) {}

Output::~Output() {
  if (buffer_.size() > 0) answers_.write({buffer_.data(), buffer_.size()});
}

void Output::defect(const Path& path, const Defect& defect) {
  ++defects_;
  if (json_) {
    row("defect")
        .field("file", path.native())
        .field("position", defect.position)
        .field("offset", defect.offset)
        .field("code", name(defect.code))
        .field("expected", defect.expected)
        .field("found", defect.found)
        .end();
    return;
  }
  std::string place = fmt::format("{}: position {}", path.native(), defect.position);
  if (defect.offset) place += fmt::format(", offset {}", *defect.offset);
  remark(fmt::format("{}: {}", place, describe(defect)));
}

void Output::note(const Path& path, Position position, std::string_view text) {
  if (json_) {
    row("note").field("file", path.native()).field("position", position).field("text", text).end();
    return;
  }
  remark(fmt::format("{}: note: position {}: {}", path.native(), position, text));
}

void Output::remark(std::string_view text) {
  flush();  // so that both streams in one terminal tell things in their order
  notes_.write(fmt::format("{}\n", text));
}

void Output::take(Output& held) {
  const std::string_view bytes{held.buffer_.data(), held.buffer_.size()};
  if (buffer_.size() + bytes.size() < flush_bytes_) {
    append(buffer_, bytes);
  } else {
    flush();
    if (const int error = answers_.write(bytes); error != 0) throw IoError(kStandardOutput, "write", error);
  }
  held.buffer_.clear();
}

void Output::flush() {
  if (holds()) return;
  const std::string_view bytes{buffer_.data(), buffer_.size()};
  const int error = answers_.write(bytes);
  buffer_.clear();
  if (error != 0) throw IoError(kStandardOutput, "write", error);
}

void Output::finish() {
  flush();
  if (const int error = answers_.close(); error != 0) throw IoError(kStandardOutput, "close", error);
}

}  // namespace kseg
