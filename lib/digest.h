// 128 bits that stand for bytes: XXH3, seed 0, so that they are the same on every machine. They tell
// accidents apart, not what somebody has made to collide.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "formats/bytes.h"

struct XXH3_state_s;

namespace kseg {

struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static Digest of(Bytes bytes);

  // Modulo 2^128: a sum of digests does not depend on their order.
  Digest& operator+=(const Digest& other);
  friend bool operator==(const Digest&, const Digest&) = default;
};

// 32 hexadecimal digits, the high ones first, as xxhsum -H2 prints it.
std::string to_string(const Digest& digest);

// Of bytes that come piece by piece.
class DigestStream {
 public:
  DigestStream();
  void add(Bytes bytes);
  Digest digest() const;  // of all so far

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace kseg
