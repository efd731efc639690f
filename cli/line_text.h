// What the lines of a dump are made of, put behind what a buffer holds without a call for each bit. Runs
// several times for every record.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstring>
#include <string_view>

namespace kseg {

// Makes room for `size_bytes` more; what is written there counts once end_at() is told where it ends.
inline char* room(fmt::memory_buffer& out, std::size_t size_bytes) {
  out.try_reserve(out.size() + size_bytes);
  return out.data() + out.size();
}

inline void end_at(fmt::memory_buffer& out, const char* end) {
  out.try_resize(static_cast<std::size_t>(end - out.data()));
}

inline char* put(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

constexpr std::size_t kNumberBytes = 20;  // at most, of an integer

template <std::integral Number>
char* put_number(char* to, Number number) {
  const fmt::format_int digits(number);
  std::memcpy(to, digits.data(), digits.size());
  return to + digits.size();
}

inline void append(fmt::memory_buffer& out, std::string_view text) {
  end_at(out, put(room(out, text.size()), text));
}

template <std::integral Number>
void append_number(fmt::memory_buffer& out, Number number) {
  end_at(out, put_number(room(out, kNumberBytes), number));
}

}  // namespace kseg
