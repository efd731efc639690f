#include "cli/json_escape.h"

#include <algorithm>
#include <bit>

#include "cli/line_text.h"

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#include <immintrin.h>
#ifdef __clang__
#define _Bool bool  // that header speaks C, which clang, other than GCC, does not take in C++
#endif
#include <sys/platform/x86.h>
#ifdef __clang__
#undef _Bool
#endif
#define KSEG_ESCAPE_AVX512 1
#endif

namespace kseg {
namespace {

// Bytes at `to` until one that is not for them: a control character, or what `until` stops at. At most two
// are written for each taken, and 64 more may be scribbled on.
struct Escaped {
  const std::uint8_t* from;  // the first byte that is not taken
  char* to;                  // behind the last that is written
};
using Escape = Escaped (*)(const std::uint8_t* from, const std::uint8_t* end, char* to, EscapeUntil until);

constexpr std::uint8_t kDelete = 0x7f;

bool stops(std::uint8_t byte, EscapeUntil until) {
  if (byte < 0x20) return true;
  switch (until) {
    case EscapeUntil::end: return false;
    case EscapeUntil::not_ascii: return byte > kDelete;
    case EscapeUntil::not_plain: return byte >= kDelete;
  }
  return false;
}

// Whether any of eight bytes is not simply to be copied.
bool any_special(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x8080808080808080;
  const auto any_zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes & kTops; };
  const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word & kTops;
  return (below_blank | any_zero(word ^ kOnes * '"') | any_zero(word ^ kOnes * '\\') |
          any_zero(word ^ kOnes * kDelete) | (word & kTops)) != 0;
}

Escaped escape_portable(const std::uint8_t* from, const std::uint8_t* end, char* to, EscapeUntil until) {
  while (from < end) {
    if (end - from >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, from, 8);
      if (!any_special(word)) {
        std::memcpy(to, &word, 8);
        from += 8;
        to += 8;
        continue;
      }
    }
    const std::uint8_t* const word_end = from + std::min<std::ptrdiff_t>(end - from, 8);
    for (; from < word_end; ++from) {
      if (stops(*from, until)) return {from, to};
      if (*from == '"' || *from == '\\') *to++ = '\\';
      *to++ = static_cast<char>(*from);
    }
  }
  return {from, to};
}

#if KSEG_ESCAPE_AVX512
#define KSEG_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi2,popcnt")))

// Each byte gets a backslash in front, and those backslashes that are not wanted are squeezed out.
KSEG_AVX512 inline void put_escaped(__m256i bytes, std::uint32_t escaped, char* to) {
  constexpr std::uint64_t kCharacters = 0xaaaaaaaaaaaaaaaa;
  constexpr std::uint64_t kBackslashes = ~kCharacters;
  const __m512i pairs =
      _mm512_or_si512(_mm512_slli_epi16(_mm512_cvtepu8_epi16(bytes), 8), _mm512_set1_epi16('\\'));
  const __mmask64 wanted = kCharacters | _pdep_u64(escaped, kBackslashes);
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(wanted, pairs));
}

KSEG_AVX512 Escaped escape_avx512(const std::uint8_t* from, const std::uint8_t* end, char* to,
                                  EscapeUntil until) {
  const __m512i blank = _mm512_set1_epi8(0x20);
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i backslash = _mm512_set1_epi8('\\');
  const __mmask64 deletes = until == EscapeUntil::not_plain ? ~std::uint64_t{0} : 0;
  const __mmask64 high = until == EscapeUntil::end ? 0 : ~std::uint64_t{0};
  while (from < end) {
    auto size = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(end - from, 64));
    const __mmask64 there = _bzhi_u64(~std::uint64_t{0}, size);
    const __m512i bytes = _mm512_maskz_loadu_epi8(there, from);
    const __mmask64 stop = _mm512_mask_cmplt_epu8_mask(there, bytes, blank) |
                           (_mm512_movepi8_mask(bytes) & high) |
                           _mm512_mask_cmpeq_epi8_mask(deletes, bytes, _mm512_set1_epi8(kDelete));
    std::uint64_t escaped = _mm512_cmpeq_epi8_mask(bytes, quote) | _mm512_cmpeq_epi8_mask(bytes, backslash);
    // A branch, so that the next bytes need not wait for what these are.
    if (__builtin_expect(stop != 0, 0)) {
      size = static_cast<std::uint32_t>(std::countr_zero(stop));
      escaped = _bzhi_u64(escaped, size);
    }
    if (escaped == 0) {
      _mm512_storeu_si512(to, bytes);
    } else {
      put_escaped(_mm512_maskz_extracti64x4_epi64(0xff, bytes, 0), static_cast<std::uint32_t>(escaped), to);
      if (size > 32) {
        put_escaped(_mm512_maskz_extracti64x4_epi64(0xff, bytes, 1),
                    static_cast<std::uint32_t>(escaped >> 32),
                    to + 32 + std::popcount(static_cast<std::uint32_t>(escaped)));
      }
    }
    from += size;
    to += size + static_cast<std::uint32_t>(std::popcount(escaped));
    if (stop != 0) break;
  }
  return {from, to};
}
#endif

Escape best_escape() {
#if KSEG_ESCAPE_AVX512
  // What the C library has found out: asking the processor costs more than all the rest of a short run.
  if (CPU_FEATURE_ACTIVE(AVX512BW) && CPU_FEATURE_ACTIVE(AVX512VL) && CPU_FEATURE_ACTIVE(AVX512_VBMI2) &&
      CPU_FEATURE_ACTIVE(BMI2)) {
    return escape_avx512;
  }
#endif
  return escape_portable;
}

const Escape kBest = best_escape();

void append_control(fmt::memory_buffer& out, std::uint8_t byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto letter = [&](std::string_view escape) { append(out, escape); };
  switch (byte) {
    case '\b': return letter("\\b");
    case '\f': return letter("\\f");
    case '\n': return letter("\\n");
    case '\r': return letter("\\r");
    case '\t': return letter("\\t");
    default:
      append(out, "\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xf]);
  }
}

}  // namespace

std::size_t append_escaped(fmt::memory_buffer& out, Bytes bytes, EscapeUntil until, EscapeBy by) {
  const Escape escape = by == EscapeBy::this_machine ? kBest : escape_portable;
  constexpr std::size_t kAtOnce = 4096;  // so that room is made for what is there, not for the worst of all
  const std::uint8_t* from = bytes.data();
  const std::uint8_t* const end = from + bytes.size();
  while (from < end) {
    const std::uint8_t* const stretch_end =
        from + std::min<std::size_t>(kAtOnce, static_cast<std::size_t>(end - from));
    char* const to = room(out, 2 * static_cast<std::size_t>(stretch_end - from) + 64);
    const Escaped escaped = escape(from, stretch_end, to, until);
    end_at(out, escaped.to);
    from = escaped.from;
    if (from == stretch_end) continue;
    if (*from >= 0x20) break;
    append_control(out, *from++);
  }
  return static_cast<std::size_t>(from - bytes.data());
}

}  // namespace kseg
