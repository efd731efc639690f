// Which release's cleaner kseg equals (compaction.md §0). What differs between them is here and
// nowhere else.
#pragma once

#include <optional>
#include <string_view>

namespace kseg {

struct Compat {
  // Which batch is kept as an empty header although no record is left in it.
  enum class EndOfRound {
    at_first_uncleanable,  // the one that ends where the round ends (3.9.2, 4.0 to 4.3)
    at_high_watermark,     // the one that ends at the high watermark (4.4)
    never,                 // none (up to 3.9.1)
  };
  EndOfRound end_of_round = EndOfRound::at_first_uncleanable;

  // Messages of formats 0 and 1 stay what they are (up to 3.9); else they become format 2.
  bool keeps_legacy = false;
};

// "4.3", "4.4", "3.9.1" or its alias "3.x"; nothing for other texts.
inline std::optional<Compat> parse_compat(std::string_view release) {
  using enum Compat::EndOfRound;
  if (release == "4.3") return Compat{.end_of_round = at_first_uncleanable};
  if (release == "4.4") return Compat{.end_of_round = at_high_watermark};
  if (release == "3.9.1" || release == "3.x") return Compat{.end_of_round = never, .keeps_legacy = true};
  return std::nullopt;
}

}  // namespace kseg
