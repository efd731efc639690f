#include "formats/base64.h"

namespace kseg {

void append_base64(fmt::memory_buffer& out, Bytes bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0) |
                                (left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0);
    *to++ = kDigits[group >> 18];
    *to++ = kDigits[group >> 12 & 63];
    *to++ = left > 1 ? kDigits[group >> 6 & 63] : '=';
    *to++ = left > 2 ? kDigits[group & 63] : '=';
  }
}

bool decode_base64(std::string_view text, ByteBuffer& out) {
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  for (const char letter : text) {
    const std::uint32_t digit =
        letter >= 'A' && letter <= 'Z'   ? static_cast<std::uint32_t>(letter - 'A')
        : letter >= 'a' && letter <= 'z' ? static_cast<std::uint32_t>(letter - 'a') + 26
        : letter >= '0' && letter <= '9' ? static_cast<std::uint32_t>(letter - '0') + 52
        : letter == '+'                  ? 62U
        : letter == '/'                  ? 63U
                                         : 64U;
    if (digit == 64) return false;
    bits = bits << 6 | digit;
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) out.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  if (padding == 1) {
    out.push_back(static_cast<std::uint8_t>(bits >> 10));
    out.push_back(static_cast<std::uint8_t>(bits >> 2));
  } else if (padding == 2) {
    out.push_back(static_cast<std::uint8_t>(bits >> 4));
  }
  return true;
}

}  // namespace kseg
