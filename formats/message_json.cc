#include "formats/message_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>

#include "formats/base64.h"
#include "formats/check.h"
#include "formats/record.h"
#include "formats/uuid.h"

namespace kseg {
namespace {

constexpr std::size_t kMaxFields = 16;
constexpr std::int32_t kMaxStringBytes = std::numeric_limits<std::int16_t>::max();

void append(fmt::memory_buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

void append_string(fmt::memory_buffer& out, Bytes bytes) {
  static constexpr std::string_view kEscaped = "\"\\\b\t\n\f\r";
  static constexpr std::string_view kLetters = "\"\\btnfr";
  ByteBuffer replaced;
  if (!is_utf8(bytes)) {
    append_as_utf8(bytes, replaced);
    bytes = replaced;
  }
  out.push_back('"');
  for (const char c : as_text(bytes)) {
    if (const std::size_t at = kEscaped.find(c); at != kEscaped.npos) {
      out.push_back('\\');
      out.push_back(kLetters[at]);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<int>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// Java's Double.toString: at least one digit behind the point, and exponents below 1e-3 and from 1e7 on.
void append_double(fmt::memory_buffer& out, double value) {
  if (std::isnan(value)) return append(out, R"("NaN")");
  if (std::isinf(value)) return append(out, value < 0 ? R"("-Infinity")" : R"("Infinity")");
  if (std::signbit(value)) out.push_back('-');
  value = std::abs(value);
  if (value == 0) return append(out, "0.0");
  std::array<char, 32> text{};
  char* end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
  if (text[1] != '.') {  // of one digit: the best two
    end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, 1).ptr;
  }
  const char* const mark = std::find(text.data(), end, 'e');
  std::string digits(1, text[0]);
  digits.append(static_cast<const char*>(text.data()) + 2, mark);
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  const bool scientific = exponent < -3 || exponent >= 7;
  const int before_point = scientific ? 1 : exponent + 1;
  if (before_point <= 0) digits.insert(0, static_cast<std::size_t>(1 - before_point), '0');
  const auto point = static_cast<std::size_t>(std::max(before_point, 1));
  while (digits.size() > point + 1 && digits.back() == '0') digits.pop_back();
  digits.resize(std::max(digits.size(), point + 1), '0');
  digits.insert(point, 1, '.');
  append(out, digits);
  if (scientific) fmt::format_to(std::back_inserter(out), "E{}", exponent);
}

class Reader {
 public:
  Reader(Cursor& in, std::int16_t version, MessageForm form, fmt::memory_buffer& out)
      : in_(in), version_(std::max(version, std::int16_t{0})), form_(form), out_(out), begin_(out.size()) {}

  std::optional<Defect> message(const MessageSchema& schema) {
    compact_ = schema.flexible.contains(version_);
    newest_ = schema.versions.last;
    structure(schema.fields);
    if (defect_) out_.resize(begin_);
    return defect_;
  }

 private:
  // Where the text of a field stands, `"name":value,`.
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  using Parts = std::array<Part, kMaxFields>;

  void structure(std::span<const MessageField> fields) {
    check(fields.size() <= kMaxFields, "a message has no more fields than a reader has room for");
    const std::size_t begin = out_.size();
    out_.push_back('{');
    Parts parts{};
    for (std::size_t i = 0; i < fields.size() && !defect_; ++i) {
      const MessageField& field = fields[i];
      if (!field.versions.contains(version_)) continue;
      parts[i].begin = out_.size();
      if (field.tag.number < 0) {
        name(field);
        value(field);
        out_.push_back(',');
      }
      parts[i].end = out_.size();
    }
    if (compact_ && !defect_) tags(fields, begin, parts);
    if (out_[out_.size() - 1] == ',') out_.resize(out_.size() - 1);
    out_.push_back('}');
  }

  // Tags stand behind the fields, their text among them.
  void tags(std::span<const MessageField> fields, std::size_t begin, Parts& parts) {
    std::string unknown;
    bool in_order = true;
    const std::int32_t count = varint();
    for (std::int32_t i = 0; i < count && !defect_; ++i) {
      const std::int32_t tag = varint();
      const std::int32_t size = varint();
      const auto field = std::find_if(fields.begin(), fields.end(), [&](const MessageField& known) {
        return known.tag.number == tag && tag >= 0 && !(known.since_4_4 && form_ == MessageForm::kafka);
      });
      if (field == fields.end()) {
        const Bytes data = raw(size);
        ++unknown_tags_;
        if (form_ == MessageForm::kafka || defect_) continue;
        fmt::memory_buffer text;
        append_base64(text, data);
        unknown += fmt::format(R"({}{{"tag":{},"data":"{}"}})", unknown.empty() ? "" : ",",
                               static_cast<std::uint32_t>(tag), fmt::to_string(text));
        continue;
      }
      if (!field->versions.contains(version_)) {
        fail(DefectCode::unknown_version, fmt::format("Tag {} is not valid for version {}", tag, version_));
        return;
      }
      Part part{.begin = out_.size()};
      name(*field);
      const std::size_t value_begin = out_.size();
      const std::size_t unknown_tags = unknown_tags_;
      value(*field);
      const std::string_view text(out_.data() + value_begin, out_.size() - value_begin);
      if (text == field->tag.default_json && unknown_tags_ == unknown_tags) {
        out_.resize(part.begin);
      }
      if (out_.size() > part.begin) out_.push_back(',');
      part.end = out_.size();
      parts[static_cast<std::size_t>(field - fields.begin())] = part;
      in_order = false;
    }
    if (!in_order) {
      const std::string text(out_.data() + begin, out_.size() - begin);
      out_.resize(begin + 1);
      for (const Part& part : parts) {
        if (part.end > part.begin)
          append(out_, std::string_view(text).substr(part.begin - begin, part.end - part.begin));
      }
    }
    if (!unknown.empty()) fmt::format_to(std::back_inserter(out_), R"("unknownTaggedFields":[{}],)", unknown);
  }

  void name(const MessageField& field) { fmt::format_to(std::back_inserter(out_), R"("{}":)", field.name); }

  void value(const MessageField& field) {
    if (!field.type.is_array) return element(field, field.name, field.type.is_nullable);
    const auto count = length(field.name, field.type.is_nullable);
    if (!count) return;
    if (static_cast<std::size_t>(*count) > in_.remaining()) {
      return fail(
          DefectCode::bad_length,
          fmt::format("Tried to allocate a collection of size {}, but there are only {} bytes remaining.",
                      *count, in_.remaining()));
    }
    const std::string name = fmt::format("{} element", field.name);
    out_.push_back('[');
    for (std::int32_t i = 0; i < *count && !defect_; ++i) {
      if (i > 0) out_.push_back(',');
      element(field, name, false);
    }
    out_.push_back(']');
  }

  void element(const MessageField& field, std::string_view name, bool is_nullable) {
    switch (field.type.kind) {
      case MessageType::Kind::boolean: return append(out_, fixed(1, &Cursor::i8) != 0 ? "true" : "false");
      case MessageType::Kind::int8: return number(fixed(1, &Cursor::i8));
      case MessageType::Kind::int16: return number(fixed(2, &Cursor::i16));
      case MessageType::Kind::int32: return number(fixed(4, &Cursor::i32));
      case MessageType::Kind::int64: return number(fixed(8, &Cursor::i64));
      case MessageType::Kind::uint16: return number(static_cast<std::uint16_t>(fixed(2, &Cursor::i16)));
      case MessageType::Kind::float64:
        return append_double(out_, std::bit_cast<double>(fixed(8, &Cursor::i64)));
      case MessageType::Kind::uuid: return uuid();
      case MessageType::Kind::string: return string(name, is_nullable);
      case MessageType::Kind::bytes: return bytes(field, is_nullable);
      case MessageType::Kind::structure:
        if (is_nullable && (field.tag.number < 0 ? fixed(1, &Cursor::i8) < 0 : varint() <= 0)) {
          return append(out_, "null");
        }
        if (version_ > newest_)
          return fail(DefectCode::unknown_version, fmt::format("Can't read version {}", version_));
        return structure({field.type.fields, field.type.field_count});
    }
  }

  template <typename Number>
  void number(Number value) {
    const fmt::format_int digits(value);
    append(out_, {digits.data(), digits.size()});
  }

  void uuid() {
    Uuid id;
    if (!has(id.bytes.size())) return;
    const Bytes read = in_.bytes(static_cast<std::int64_t>(id.bytes.size()));
    std::copy(read.begin(), read.end(), id.bytes.begin());
    fmt::format_to(std::back_inserter(out_), R"("{}")", to_string(id));
  }

  void string(std::string_view name, bool is_nullable) {
    const auto size =
        compact_ ? length(name, is_nullable) : length(name, is_nullable, fixed(2, &Cursor::i16));
    if (!size) return;
    if (*size > kMaxStringBytes) {
      return fail(DefectCode::bad_length, fmt::format("string field {} had invalid length {}", name, *size));
    }
    append_string(out_, raw(*size));
  }

  void bytes(const MessageField& field, bool is_nullable) {
    const auto size = length(field.name, is_nullable);
    if (!size) return;
    const Bytes read = raw(*size);
    if (field.type.embedded != nullptr && of_consumer() && embedded(*field.type.embedded, read)) return;
    out_.push_back('"');
    append_base64(out_, read);
    out_.push_back('"');
  }

  bool of_consumer() const {
    static constexpr std::string_view kConsumer = R"({"protocolType":"consumer",)";
    return std::string_view(out_.data() + begin_, out_.size() - begin_).starts_with(kConsumer);
  }

  bool embedded(const MessageSchema& schema, Bytes bytes) {
    Cursor in(bytes);
    const std::int16_t version = in.i16();
    return in.ok() && !Reader(in, version, form_, out_).message(schema);
  }

  // Of a string, of bytes or an array. Nothing for null, which is written, and after a defect.
  std::optional<std::int32_t> length(std::string_view name, bool is_nullable) {
    return length(name, is_nullable, compact_ ? less_one(varint()) : fixed(4, &Cursor::i32));
  }
  std::optional<std::int32_t> length(std::string_view name, bool is_nullable, std::int32_t read) {
    if (defect_) return std::nullopt;
    if (read >= 0) return read;
    if (is_nullable) {
      append(out_, "null");
    } else {
      fail(DefectCode::bad_length, fmt::format("non-nullable field {} was serialized as null", name));
    }
    return std::nullopt;
  }
  // As Java counts: from the least to the greatest.
  static std::int32_t less_one(std::int32_t value) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value) - 1);
  }

  template <typename Number>
  Number fixed(std::size_t size, Number (Cursor::*read)()) {
    return has(size) ? (in_.*read)() : Number{0};
  }

  bool has(std::size_t size) {
    if (!defect_ && in_.remaining() < size) fail(DefectCode::truncated, "null");
    return !defect_;
  }

  std::int32_t varint() {
    if (defect_) return 0;
    const Bytes rest = in_.rest();
    const Position start = in_.position();
    const auto value = static_cast<std::int32_t>(in_.unsigned_varint());
    if (in_.ok()) return value;
    if (in_.defect()->code == DefectCode::truncated) return fail(DefectCode::truncated, "null"), 0;
    std::uint32_t bits = 0;
    for (unsigned i = 0; i < 5; ++i) bits |= (rest[i] & 0x7fU) << (7 * i);
    fail(DefectCode::bad_varint,
         fmt::format(
             "Varint is too long, the most significant bit in the 5th byte is set, converted value: {:x}",
             bits | (rest[4] & 0xffU) << 28));
    defect_->position = start;
    return 0;
  }

  Bytes raw(std::int32_t size) {
    if (defect_) return {};
    if (size < 0) return fail(DefectCode::bad_length, fmt::format("{}", size)), Bytes{};
    if (static_cast<std::size_t>(size) > in_.remaining()) {
      fail(DefectCode::truncated,
           fmt::format("Error reading byte array of {} byte(s): only {} byte(s) available", size,
                       in_.remaining()));
      return {};
    }
    return in_.bytes(size);
  }

  void fail(DefectCode code, std::string found) {
    if (!defect_) defect_ = Defect{.code = code, .position = in_.position(), .found = std::move(found)};
  }

  Cursor& in_;
  std::int16_t version_;
  MessageForm form_;
  fmt::memory_buffer& out_;
  std::size_t begin_;  // of this message's text
  bool compact_ = false;
  std::int16_t newest_ = 0;
  std::size_t unknown_tags_ = 0;  // met so far: what has one is no default
  std::optional<Defect> defect_;
};

}  // namespace

std::optional<Defect> append_message_json(const MessageSchema& schema, std::int16_t version, Cursor& in,
                                          MessageForm form, fmt::memory_buffer& out) {
  return Reader(in, version, form, out).message(schema);
}

}  // namespace kseg
