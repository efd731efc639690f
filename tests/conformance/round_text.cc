#include "tests/conformance/round_text.h"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "tests/support/notation.h"

namespace kseg {
namespace {

const ObviousRound kDefaults;
constexpr std::int64_t kDefaultRetentionMs = 1000;  // the notation's, not Kafka's

// The notation's text does not have them.
std::string with_mtimes(std::string text, const LogModel& log) {
  std::size_t from = 0;
  for (const SegmentModel& segment : log.segments) {
    const std::string brace = fmt::format("{{{}}}", segment.base);
    const std::size_t at = text.find(brace, from);
    if (segment.mtime_ms != 0) text.insert(at + brace.size() - 1, fmt::format(" m{}", segment.mtime_ms));
    from = at + brace.size();
  }
  return text;
}

}  // namespace

std::string print_round(const RandomRound& random) {
  const ObviousRound& round = random.round;
  std::string text = with_mtimes(print_notation(random.log), random.log);
  text += fmt::format("\nnow={} first={} fu={} drm={}", round.now_ms, round.first_dirty,
                      round.first_uncleanable, round.delete_retention_ms);
  if (round.segment_bytes != kDefaults.segment_bytes) text += fmt::format(" seg={}", round.segment_bytes);
  if (round.segment_index_bytes != kDefaults.segment_index_bytes) {
    text += fmt::format(" idx={}", round.segment_index_bytes);
  }
  if (round.index_interval_bytes != kDefaults.index_interval_bytes) {
    text += fmt::format(" ii={}", round.index_interval_bytes);
  }
  if (round.log_start != kDefaults.log_start) text += fmt::format(" start={}", round.log_start);
  if (!random.folder.expired_producers.empty()) {
    text += fmt::format(" x={}", fmt::join(random.folder.expired_producers, ","));
  }
  if (random.folder.snapshots_of_segments) text += " snapshots";
  return text;
}

RandomRound parse_round(std::string_view log, std::string_view words) {
  RandomRound random{.log = log_of(log), .folder = {}, .round = {}};
  ObviousRound& round = random.round;
  if (random.log.segments.empty()) throw std::invalid_argument("a log has segments");
  round.first_uncleanable = random.log.segments.back().base;
  round.delete_retention_ms = kDefaultRetentionMs;

  std::istringstream in{std::string(words)};
  for (std::string word; in >> word;) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "snapshots") {
      random.folder.snapshots_of_segments = true;
    } else if (name == "x") {
      std::istringstream ids(value);
      for (std::string id; std::getline(ids, id, ',');)
        random.folder.expired_producers.insert(std::stoll(id));
    } else if (name == "now") {
      round.now_ms = std::stoll(value);
    } else if (name == "first") {
      round.first_dirty = {std::stoll(value)};
    } else if (name == "fu") {
      round.first_uncleanable = {std::stoll(value)};
    } else if (name == "drm") {
      round.delete_retention_ms = std::stoll(value);
    } else if (name == "seg") {
      round.segment_bytes = std::stoull(value);
    } else if (name == "idx") {
      round.segment_index_bytes = std::stoull(value);
    } else if (name == "ii") {
      round.index_interval_bytes = random.folder.index_interval_bytes = std::stoll(value);
    } else if (name == "start") {
      round.log_start = {std::stoll(value)};
    } else {
      throw std::invalid_argument("a round has no '" + word + "'");
    }
  }
  round.end_of_round = round.first_uncleanable;
  take_producers_from_log(random);
  return random;
}

void take_producers_from_log(RandomRound& random) {
  random.folder.producers_from = random.round.log_start;
  random.round.producers = active_producers(replay_producers(random.log, random.round.log_start));
  std::erase_if(random.round.producers, [&](const auto& producer) {
    return random.folder.expired_producers.contains(producer.first);
  });
}

}  // namespace kseg
