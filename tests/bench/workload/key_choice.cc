#include "tests/bench/workload/key_choice.h"

#include <algorithm>
#include <cmath>

namespace kseg {
namespace {

constexpr double kZipfExponent = 0.99;
constexpr std::int64_t kHotKeys = 100;
constexpr int kHotPercent = 99;

std::vector<double> zipf_shares(std::int64_t key_count) {
  std::vector<double> shares;
  double sum = 0;
  for (std::int64_t n = 1; n <= key_count; ++n) {
    sum += std::pow(static_cast<double>(n), -kZipfExponent);
    shares.push_back(sum);
  }
  for (double& share : shares) share /= sum;
  return shares;
}

double below_one(Dice& dice) {
  constexpr std::int64_t kSteps = std::int64_t{1} << 53;
  return static_cast<double>(dice.below(kSteps)) / static_cast<double>(kSteps);
}

}  // namespace

KeyChoice::KeyChoice(const Preset& preset) : keys_(preset.keys), key_count_(preset.key_count) {
  if (keys_ == Preset::Keys::zipf) zipf_ = zipf_shares(key_count_);
}

std::int64_t KeyChoice::next(Dice& dice) {
  switch (keys_) {
    case Preset::Keys::distinct: return fresh();
    case Preset::Keys::cleaned: return dice.below(fresh_);
    case Preset::Keys::zipf:
      return std::upper_bound(zipf_.begin(), zipf_.end() - 1, below_one(dice)) - zipf_.begin();
    case Preset::Keys::hot:
      return dice.below(dice.chance(kHotPercent) ? std::min(kHotKeys, key_count_) : key_count_);
    case Preset::Keys::uniform: return fresh_ + dice.below(key_count_);
  }
  return 0;
}

}  // namespace kseg
