#include "lib/key_selection.h"

#include <algorithm>

namespace kseg {

bool KeySelection::matches(Bytes key) const {
  const std::string_view text = as_text(key);
  if (!keys_.empty() && keys_.contains(text)) return true;
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const std::string& prefix) { return text.starts_with(prefix); });
}

}  // namespace kseg
