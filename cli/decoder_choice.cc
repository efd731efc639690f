#include "cli/decoder_choice.h"

#include <string>

namespace kseg {

std::optional<DecoderChoice> parse_decoder_choice(std::string_view text) {
  if (text == "none") return DecoderChoice{.by = DecoderChoice::By::nothing};
  const auto topic = internal_topic("__" + std::string(text));
  if (!topic) return std::nullopt;
  return DecoderChoice{.by = DecoderChoice::By::option, .option = *topic};
}

}  // namespace kseg
