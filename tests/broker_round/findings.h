// What a round found wrong, told as it comes.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace kseg {

class Findings {
 public:
  void add(std::string text) {
    fmt::print("  WRONG: {}\n", text);
    texts_.push_back(std::move(text));
  }

  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
};

}  // namespace kseg
