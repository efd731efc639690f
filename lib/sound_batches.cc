#include "lib/sound_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "lib/batch_check.h"

namespace kseg {
namespace {

constexpr std::int64_t kMaxOffsetsInSegment = std::int64_t{1} << 31;  // an index holds no other

struct Found {
  Position begin;
  Offset base;
  Offset last;
  std::uint32_t size_bytes = 0;
  std::uint32_t records = 0;

  Position end() const { return begin + size_bytes; }
};

// The first defect of each position; warnings keep no reader from the right records.
class FirstDefects : public VerifyReport {
 public:
  void keep(const Defect& defect) { by_position_.try_emplace(defect.position, defect); }

  // The first in [begin, end).
  const Defect* in(Position begin, Position end) const {
    const auto at = by_position_.lower_bound(begin);
    return at != by_position_.end() && at->first < end ? &at->second : nullptr;
  }

 private:
  void on_defect(const Path&, const Defect& defect) override { keep(defect); }
  void on_warning(const Path&, const Defect&) override {}
  void on_note(const Path&, Position, const std::string&) override {}

  std::map<Position, Defect> by_position_;
};

// The longest chain of batches, in the order of the file, whose offsets ascend. tails[n] is the batch that
// ends a chain of n + 1 with the lowest offset so far.
std::vector<Found> longest_chain(const std::vector<Found>& found) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> tails;
  std::vector<std::size_t> before(found.size(), kNone);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto at = std::lower_bound(tails.begin(), tails.end(), found[i].base,
                                     [&](std::size_t tail, Offset base) { return found[tail].last < base; });
    if (at != tails.begin()) before[i] = *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else if (found[i].last < found[*at].last) {
      *at = i;
    }
  }
  std::vector<Found> chain;
  for (std::size_t i = tails.empty() ? kNone : tails.back(); i != kNone; i = before[i])
    chain.push_back(found[i]);
  std::reverse(chain.begin(), chain.end());
  return chain;
}

class Search {
 public:
  Search(FileSystem& files, const Segment& segment, OffsetRange allowed)
      : segment_(segment),
        end_of_offsets_(allowed.end),
        allowed_{allowed.begin, std::min(allowed.end, segment.base_offset + kMaxOffsetsInSegment)},
        file_(files.open(segment.log)),
        check_(defects_) {
    size_ = Position{file_->info().size_bytes};
  }

  std::variant<SoundBatches, Defect> run() {
    look({}, size_);
    std::vector<Found> chain = longest_chain(found_);
    // Behind a base offset that is too high, a reader that met damage has looked for nothing but higher ones.
    if (look_again()) chain = longest_chain(found_);
    if (auto misnamed = judge_name(chain)) return std::move(*misnamed);
    if (std::any_of(chain.begin(), chain.end(), [&](const Found& each) { return !fits(each); })) {
      std::vector<Found> fitting;
      std::copy_if(found_.begin(), found_.end(), std::back_inserter(fitting),
                   [&](const Found& each) { return fits(each); });
      chain = longest_chain(fitting);
    }
    return made_of(chain);
  }

 private:
  bool fits(const Found& batch) const { return allowed_.begin <= batch.base && batch.last < allowed_.end; }

  void look(Position begin, Position end) {
    SegmentReader reader(*file_, {.begin = begin, .end = end});
    while (true) {
      const auto batch = reader.next();
      if (!batch) {
        defects_.keep(batch.error());
        continue;
      }
      if (!*batch) break;
      const std::uint64_t defects = defects_.counts().defects;
      check_.check(**batch, segment_.log);
      if (defects_.counts().defects > defects) continue;
      const RecordBatchHeader& header = (*batch)->header;
      found_.push_back({.begin = (*batch)->position,
                        .base = header.base_offset,
                        .last = header.last_offset(),
                        .size_bytes = static_cast<std::uint32_t>(header.size_bytes()),
                        .records = static_cast<std::uint32_t>(header.record_count)});
    }
  }

  // True if that found something.
  bool look_again() {
    const std::vector<Found> before = found_;
    Position begin;
    const auto gap = [&](Position end) {
      if (begin < end) look(begin, end);
    };
    for (const Found& each : before) {
      gap(each.begin);
      begin = each.end();
    }
    gap(size_);
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.begin < b.begin; });
    return found_.size() > before.size();
  }

  std::optional<Defect> judge_name(const std::vector<Found>& chain) const {
    const auto outside =
        std::count_if(chain.begin(), chain.end(), [&](const Found& each) { return !fits(each); });
    if (outside < 2) return std::nullopt;
    return Defect{.code = DefectCode::segment_range,
                  .position = chain.front().begin,
                  .offset = chain.front().base,
                  .expected = fmt::format("offsets in {}..{}, by the names of the segments", allowed_.begin,
                                          allowed_.end - 1),
                  .found = fmt::format("sound batches of {}..{}", chain.front().base, chain.back().last)};
  }

  SoundBatches made_of(const std::vector<Found>& chain) const {
    SoundBatches sound;
    Position end;
    Offset next = allowed_.begin;
    const auto range_up_to = [&](Position begin, Offset base) {
      if (end < begin) sound.damaged.push_back({end, begin, {next, base}, why(end, begin, {next, base})});
    };
    for (const Found& each : chain) {
      range_up_to(each.begin, each.base);
      append_to_runs(each.size_bytes, each.begin, sound.runs);
      ++sound.batches;
      sound.records += each.records;
      end = each.end();
      next = each.last + 1;
    }
    range_up_to(size_, end_of_offsets_);
    return sound;
  }

  Defect why(Position begin, Position end, OffsetRange offsets) const {
    if (const Defect* defect = defects_.in(begin, end)) return *defect;
    // Sound, but for its offsets.
    Defect defect{.code = DefectCode::offset_order,
                  .position = begin,
                  .expected = fmt::format("offsets in {}..{}", offsets.begin, offsets.end - 1)};
    const auto first = std::lower_bound(found_.begin(), found_.end(), begin,
                                        [](const Found& each, Position at) { return each.begin < at; });
    if (first != found_.end() && first->begin == begin) {
      defect.offset = first->base;
      defect.found = fmt::format("{}..{}", first->base, first->last);
    }
    return defect;
  }

  const Segment& segment_;
  Offset end_of_offsets_;
  OffsetRange allowed_;
  std::unique_ptr<File> file_;
  Position size_;
  FirstDefects defects_;
  BatchCheck check_;
  std::vector<Found> found_;  // sound but perhaps for their offsets; in the order of the file
};

}  // namespace

std::variant<SoundBatches, Defect> SoundBatches::of(FileSystem& files, const Segment& segment,
                                                    OffsetRange allowed) {
  return Search(files, segment, allowed).run();
}

}  // namespace kseg
