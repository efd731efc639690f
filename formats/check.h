// check(…) guards what only a bug in kseg can break. It stays on in release builds.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace kseg {

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fputs("kseg: internal error: ", stderr);
  std::fputs(what, stderr);
  std::fputs("\n", stderr);
  std::abort();
}

}  // namespace kseg
