#include "tests/broker_round/served.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "tests/broker_round/broker.h"
#include "tests/support/hex.h"

namespace kseg {
namespace {

std::vector<std::string_view> split(std::string_view text, char between) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(between, from), text.size());
    parts.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

template <typename Number>
Number number(std::string_view word) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size())
    throw std::runtime_error(fmt::format("Consume: '{}' is no number", word));
  return value;
}

std::optional<std::string> bytes(std::string_view word) {
  if (word == "~") return std::nullopt;
  return std::string(as_text(from_hex(word.substr(1))));
}

ServedRecord record(const std::vector<std::string_view>& words) {
  ServedRecord record{.offset = {number<std::int64_t>(words[4])},
                      .leader_epoch = number<std::int32_t>(words[5]),
                      .timestamp_ms = number<std::int64_t>(words[6]),
                      .timestamp_type = std::string(words[7]),
                      .key = bytes(words[8]),
                      .value = bytes(words[9])};
  if (words[10] == "-") return record;
  for (const std::string_view header : split(words[10], ',')) {
    const std::size_t equals = header.find('=');
    record.headers.emplace_back(bytes(header.substr(0, equals)).value(), bytes(header.substr(equals + 1)));
  }
  return record;
}

ServedView::Answer answer(const std::vector<std::string_view>& words) {
  ServedView::Answer answer{.asked = number<std::int64_t>(words[4])};
  if (words[5] != "~") answer.found = Offset{number<std::int64_t>(words[5])};
  return answer;
}

}  // namespace

Served consume(const std::string& address, const Questions& questions) {
  const std::string answers = run_well(
      java("kseg.Consume", {address, std::to_string(questions.seed), std::to_string(questions.count)}));
  Served served;
  for (const std::string_view line : split(answers, '\n')) {
    if (line.empty()) continue;
    const auto words = split(line, ' ');
    const auto isolation =
        words[1] == name(Isolation::read_committed) ? Isolation::read_committed : Isolation::read_uncommitted;
    ServedView& view = served[{std::string(words[2]), number<std::int32_t>(words[3])}][isolation];
    if (words[0] == "partition") {
      view.start = {number<std::int64_t>(words[4])};
      view.end = {number<std::int64_t>(words[5])};
    } else if (words[0] == "record") {
      view.records.push_back(record(words));
    } else if (words[0] == "from") {
      view.from_offsets.push_back(answer(words));
    } else {
      view.at_times.push_back(answer(words));
    }
  }
  return served;
}

std::string kcat(const std::string& address, const TopicPartition& partition, Isolation isolation) {
  return run_well({"kcat", "-C", "-q", "-e", "-b", address, "-t", partition.topic, "-p",
                   std::to_string(partition.partition), "-o", "beginning", "-f", kKcatFormat, "-X",
                   fmt::format("isolation.level={}", name(isolation)), "-X", "fetch.wait.max.ms=10"});
}

}  // namespace kseg
