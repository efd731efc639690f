#include "cli/json_escape.h"

#include <doctest/doctest.h>

#include <string>

#include "cli/json_bytes.h"
#include "tests/support/dice.h"

namespace kseg {
namespace {

struct Escaped {
  std::string text;
  std::size_t taken = 0;
  bool operator==(const Escaped&) const = default;
};

Escaped escape(const std::string& bytes, EscapeUntil until, EscapeBy by) {
  fmt::memory_buffer out;
  const std::size_t taken = append_escaped(out, as_bytes(bytes), until, by);
  return {.text = fmt::to_string(out), .taken = taken};
}

Escaped plainly(const std::string& bytes, EscapeUntil until) {
  Escaped escaped;
  for (const char letter : bytes) {
    const auto byte = static_cast<std::uint8_t>(letter);
    if (byte >= 0x80 && until != EscapeUntil::end) break;
    if (byte == 0x7f && until == EscapeUntil::not_plain) break;
    ++escaped.taken;
    constexpr std::string_view kLetters = "b\bf\fn\nr\rt\t\"\"\\\\";
    const std::size_t place = kLetters.find(letter, 0);
    if (byte < 0x20 && place == std::string_view::npos) {
      escaped.text += fmt::format("\\u{:04x}", byte);
    } else if (byte < 0x20 || letter == '"' || letter == '\\') {
      escaped.text += '\\';
      escaped.text += byte < 0x20 ? kLetters[place - 1] : letter;
    } else {
      escaped.text += letter;
    }
  }
  return escaped;
}

}  // namespace

TEST_CASE("strings of any length and any bytes are escaped alike on any machine") {
  Dice dice(7);
  const std::string many = "abcdefghijklmnopqrstuvwxyz 0123456789";
  const std::string few = std::string("\"\\\"\\\n\t\x01\x1f\x7f", 9) + "\xc3\xa9\xff";
  for (int i = 0; i < 4000; ++i) {
    std::string bytes(static_cast<std::size_t>(i < 3000 ? dice.below(300) : dice.below(9000)), ' ');
    const int share = static_cast<int>(dice.pick({0, 1, 10, 60, 100}));
    for (char& letter : bytes) {
      const std::string& from = dice.chance(share) ? few : many;
      letter = from[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(from.size())))];
    }
    for (const EscapeUntil until : {EscapeUntil::end, EscapeUntil::not_ascii, EscapeUntil::not_plain}) {
      const Escaped expected = plainly(bytes, until);
      CHECK(escape(bytes, until, EscapeBy::this_machine) == expected);
      CHECK(escape(bytes, until, EscapeBy::any_machine) == expected);
    }
  }
}

TEST_CASE("what stands around escaped bytes stays") {
  fmt::memory_buffer out;
  out.append(std::string_view("before "));
  append_escaped(out, as_bytes("say \"hi\""), EscapeUntil::end);
  out.append(std::string_view(" behind"));
  CHECK(fmt::to_string(out) == R"(before say \"hi\" behind)");
}

}  // namespace kseg
