// A half-open range of offsets.
#pragma once

#include <limits>

#include "formats/offset.h"

namespace kseg {

struct OffsetRange {
  Offset begin{0};
  Offset end{std::numeric_limits<std::int64_t>::max()};
  bool contains(Offset offset) const { return begin <= offset && offset < end; }
  friend bool operator==(const OffsetRange&, const OffsetRange&) = default;
};

}  // namespace kseg
