// Keys that are looked for: by their bytes, or by what they begin with.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "formats/bytes.h"

namespace kseg {

class KeySelection {
 public:
  void add_key(Bytes key) { keys_.emplace(as_text(key)); }
  void add_prefix(Bytes prefix) { prefixes_.emplace_back(as_text(prefix)); }

  bool matches(Bytes key) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };

  std::unordered_set<std::string, Hash, std::equal_to<>> keys_;
  std::vector<std::string> prefixes_;
};

}  // namespace kseg
