#include "tests/conformance/real_cleaner.h"

#include <fmt/format.h>

#include <stdexcept>

namespace kseg {

RealOutcome RealCleaner::clean(const Path& folder, const ObviousRound& round) {
  const std::string answer = jvm_.ask(fmt::format(
      "{} now={} log_start={} first_dirty={} first_uncleanable={} delete_retention_ms={} "
      "segment_bytes={} segment_index_bytes={} index_interval_bytes={}",
      folder.string(), round.now_ms, round.log_start, round.first_dirty, round.first_uncleanable,
      round.delete_retention_ms, round.segment_bytes, round.segment_index_bytes, round.index_interval_bytes));
  if (answer == "nothing") return {};
  if (answer.starts_with("end ")) return {.end = Offset{std::stoll(answer.substr(4))}, .error = {}};
  if (answer.starts_with("error ")) return {.end = {}, .error = answer.substr(6)};
  throw std::runtime_error("the JVM that cleans answered '" + answer + "'");
}

}  // namespace kseg
