#include "tests/support/random_damage.h"

#include <fmt/format.h>

#include <algorithm>

namespace kseg {
namespace {

std::int64_t size_of(const ByteBuffer& bytes) {
  return static_cast<std::int64_t>(bytes.size());
}

std::string damage_log(const std::string& name, ByteBuffer& log, Dice& dice) {
  const std::int64_t at = dice.below(size_of(log));
  const std::int64_t length = std::min(dice.pick({1, 7, 60, 300, 2000}) + std::int64_t{0}, size_of(log) - at);
  const auto begin = log.begin() + at;
  switch (dice.below(6)) {
    case 0:
      *begin ^= static_cast<std::uint8_t>(1 << dice.below(8));
      return fmt::format("{}: a bit at {} flipped", name, at);
    case 1:
      std::generate_n(begin, length, [&] { return static_cast<std::uint8_t>(dice.below(256)); });
      return fmt::format("{}: {} bytes at {} are noise", name, length, at);
    case 2:
      std::fill_n(begin, length, std::uint8_t{0});
      return fmt::format("{}: {} bytes at {} are zeros", name, length, at);
    case 3:
      log.erase(begin, begin + length);
      return fmt::format("{}: {} bytes at {} are missing", name, length, at);
    case 4: {
      const ByteBuffer more(begin, begin + length);
      log.insert(begin, more.begin(), more.end());
      return fmt::format("{}: {} bytes at {} stand there twice", name, length, at);
    }
    default: log.resize(static_cast<std::size_t>(at)); return fmt::format("{}: ends at {}", name, at);
  }
}

}  // namespace

std::string damage(FolderFiles& folder, Dice& dice) {
  std::vector<std::string> logs;
  std::vector<std::string> others;
  for (const auto& [name, bytes] : folder) {
    if (!name.ends_with(".log")) {
      others.push_back(name);
    } else if (!bytes.empty()) {
      logs.push_back(name);
    }
  }
  const bool wants_log = !logs.empty() && (others.empty() || dice.chance(80));
  if (!wants_log && others.empty()) return "nothing";
  const auto file = folder.find(dice.pick(wants_log ? logs : others));
  if (wants_log) return damage_log(file->first, file->second, dice);
  std::string what;
  if (file->second.empty() || dice.chance(30)) {
    what = fmt::format("{} is gone", file->first);
    folder.erase(file);
  } else if (dice.chance(30)) {
    what = fmt::format("{} is empty", file->first);
    file->second.clear();
  } else {
    const std::int64_t at = dice.below(size_of(file->second));
    file->second[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1 << dice.below(8));
    what = fmt::format("{}: a bit at {} flipped", file->first, at);
  }
  return what;
}

}  // namespace kseg
