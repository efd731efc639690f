#include "tests/broker_round/comparison.h"

#include <algorithm>

#include "cli/text_bytes.h"

namespace kseg {
namespace {

constexpr std::size_t kShownBytes = 300;

bool may_grow(const TopicPartition& partition) {
  return partition.topic.starts_with("__");
}

std::string show(const std::optional<Offset>& offset) {
  return offset ? fmt::format("{}", *offset) : "none";
}

// The beginning of what kcat printed.
std::string show(std::string_view text) {
  fmt::memory_buffer shown;
  append_text(shown, as_bytes(text.substr(0, kShownBytes)));
  return fmt::to_string(shown);
}

// One partition as one reader sees it.
class Comparison {
 public:
  Comparison(const TopicPartition& partition, Isolation isolation, const ExpectedPartition& expected,
             std::string reader, Findings& findings)
      : partition_(partition),
        expected_(expected),
        view_(expected.views[isolation]),
        place_(fmt::format("{}: {}, {}", to_string(partition), reader, name(isolation))),
        findings_(findings) {}

  void served(const ServedView& served, Isolation isolation, Compared& compared) {
    if (served.start != expected_.start) differ("log start", expected_.start, served.start);
    const bool end_is_right = may_grow(partition_) ? served.end >= view_.end : served.end == view_.end;
    if (!end_is_right) differ("end", view_.end, served.end);
    compared.written_since += static_cast<std::uint64_t>(std::max<std::int64_t>(0, served.end - view_.end));
    records(served.records);
    answers("the first offset from offset", served.from_offsets,
            [&](std::int64_t asked) { return view_.first_from(Offset{asked}); });
    answers("the first offset at time", served.at_times,
            [&](std::int64_t asked) { return expected_.first_at(asked, view_.end); });
    compared.records[isolation] += served.records.size();
    compared.from_offsets += served.from_offsets.size();
    compared.at_times += served.at_times.size();
  }

  void printed(const std::string& text, Isolation isolation, Compared& compared) {
    std::size_t position = 0;
    for (const ServedRecord& record : view_.records) {
      const std::string wanted = as_kcat_prints(record);
      if (text.compare(position, wanted.size(), wanted) != 0) {
        return differ("a line", show(wanted), show(text.substr(position)));
      }
      position += wanted.size();
      ++compared.records[isolation];
    }
    if (position < text.size() && !may_grow(partition_))
      differ("the end", "nothing", show(text.substr(position)));
  }

 private:
  template <typename Wanted, typename Found>
  void differ(const std::string& what, const Wanted& expected, const Found& found) {
    findings_.add(fmt::format("{}: {}: expected {}, found {}", place_, what, expected, found));
  }

  void records(const std::vector<ServedRecord>& served) {
    const auto& expected = view_.records;
    for (std::size_t i = 0; i < std::max(expected.size(), served.size()); ++i) {
      if (i >= expected.size() && may_grow(partition_) && served[i].offset >= expected_.end()) return;
      if (i < expected.size() && i < served.size() && as_java_reads(expected[i]) == served[i]) continue;
      const std::string nothing = "nothing";  // behind the last one
      return differ(fmt::format("record {} of {}", i + 1, expected.size()),
                    i < expected.size() ? describe(as_java_reads(expected[i])) : nothing,
                    i < served.size() ? describe(served[i]) : nothing);
    }
  }

  template <typename Right>
  void answers(const std::string& what, const std::vector<ServedView::Answer>& answers, Right right) {
    for (const auto& [asked, found] : answers) {
      auto below = found;
      if (below && may_grow(partition_) && *below >= expected_.end()) below.reset();
      if (below == right(asked)) continue;
      return differ(fmt::format("{} {}", what, asked), show(right(asked)), show(below));
    }
  }

  const TopicPartition& partition_;
  const ExpectedPartition& expected_;
  const ExpectedView& view_;
  std::string place_;
  Findings& findings_;
};

}  // namespace

Compared compare_served(const Expected& expected, const Served& served, Findings& findings) {
  Compared compared;
  for (const auto& [partition, views] : served) {
    if (!expected.contains(partition))
      findings.add(to_string(partition) + ": served, but there was no such folder");
  }
  for (const auto& [partition, wanted] : expected) {
    const auto found = served.find(partition);
    if (found == served.end()) {
      findings.add(to_string(partition) + ": not served");
      continue;
    }
    for (const Isolation isolation : kIsolations) {
      Comparison(partition, isolation, wanted, "Kafka's consumer", findings)
          .served(found->second[isolation], isolation, compared);
    }
  }
  return compared;
}

Compared compare_kcat(const Expected& expected, const std::string& address, Findings& findings) {
  Compared compared;
  for (const auto& [partition, wanted] : expected) {
    for (const Isolation isolation : kIsolations) {
      Comparison(partition, isolation, wanted, "kcat", findings)
          .printed(kcat(address, partition, isolation), isolation, compared);
    }
  }
  return compared;
}

}  // namespace kseg
