#include "lib/originals_manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/decimal.h"
#include "formats/file_names.h"
#include "formats/line_reader.h"

namespace kseg {
namespace {

using KeptFile = OriginalsManifest::KeptFile;

constexpr std::string_view kFirstLine = "kseg originals 1";
constexpr std::string_view kFirstWords = "kseg originals ";

std::string text_of(std::optional<Offset> offset) {
  return offset ? fmt::format("{}", offset->value) : "-";
}

std::string line_of(std::string_view word, const KeptFile& file) {
  return fmt::format("{} {} {} {}\n", word, file.name, file.size_bytes, file.mtime_ns);
}

std::string sealed(std::string section) {
  section += fmt::format("end {}\n", to_string(Digest::of(as_bytes(section))));
  return section;
}

// What stands behind `word` and a space.
std::optional<std::string_view> behind(std::string_view word, std::string_view line) {
  if (!line.starts_with(word) || line.substr(word.size(), 1) != " ") return std::nullopt;
  return line.substr(word.size() + 1);
}

std::optional<KeptFile> parse_file(std::string_view text) {
  const auto fields = split(text);
  if (fields.size() != 3) return std::nullopt;
  const auto name = parse_segment_file_name(fields[0]);
  const auto size = parse_decimal<std::uint64_t>(fields[1]);
  const auto mtime = parse_decimal<std::int64_t>(fields[2]);
  const bool ours = name && name->state == FileState::current && is_canonical(fields[0]);
  if (!ours || !size || !mtime) return std::nullopt;
  return KeptFile{.name = std::string(fields[0]), .size_bytes = *size, .mtime_ns = *mtime};
}

std::optional<Digest> parse_digest(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  const auto half = [](std::string_view digits) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  const auto high = half(text.substr(0, 16));
  const auto low = half(text.substr(16));
  if (!high || !low) return std::nullopt;
  return Digest{.high = *high, .low = *low};
}

bool parse_checkpoint(std::string_view text, OriginalsManifest::Partition& into) {
  const auto fields = split(text);
  if (fields.size() != 2) return false;
  const auto parse = [](std::string_view field, std::optional<Offset>& offset) {
    if (field == "-") return true;
    const auto value = parse_decimal<std::int64_t>(field);
    if (value) offset = Offset{*value};
    return value.has_value();
  };
  return parse(fields[0], into.checkpoint_before) && parse(fields[1], into.checkpoint_after);
}

bool parse_output(std::string_view text, OriginalsManifest::Group& into) {
  const auto fields = split(text);
  if (fields.size() != 2) return false;
  const auto size = parse_decimal<std::uint64_t>(fields[0]);
  const auto digest = parse_digest(fields[1]);
  if (!size || !digest) return false;
  into.output_bytes = *size;
  into.output = *digest;
  return true;
}

class Decoder {
 public:
  explicit Decoder(Bytes file) : file_(file), lines_(file) {}

  Result<OriginalsManifest> run() {
    while (true) {
      const std::size_t start = section_start_;
      auto section = next_section();
      if (!section) return section.error();
      if (*section == Section::torn) return std::move(manifest_);
      LineReader lines(file_.subspan(start, section_end_ - start));
      if (auto defect = manifest_.partition ? parse_group(lines) : parse_partition(lines)) {
        defect->position.value += start;
        return *defect;
      }
    }
  }

 private:
  enum class Section { sealed, torn };

  // A whole one, up to its `end` line.
  Result<Section> next_section() {
    while (const auto line = lines_.next()) {
      const auto sum = behind("end", *line);
      if (!sum) continue;
      section_end_ = lines_.position().value;
      const Bytes section = file_.subspan(section_start_, section_end_ - section_start_);
      const std::size_t line_end = section_end_ + line->size() + 1;
      const bool last = line_end >= file_.size();
      const bool ended = line_end <= file_.size();
      if (parse_digest(*sum) == Digest::of(section) && ended) {
        section_start_ = line_end;
        return Section::sealed;
      }
      if (last) return Section::torn;
      return lines_.bad_text("end " + to_string(Digest::of(section)));
    }
    return Section::torn;
  }

  std::optional<Defect> parse_partition(LineReader& lines) {
    OriginalsManifest::Partition partition;
    const auto first = lines.next();
    if (first != kFirstLine) {
      if (!first || !first->starts_with(kFirstWords)) return lines.bad_text(std::string(kFirstLine));
      return Defect{.code = DefectCode::unknown_version,
                    .position = lines.position(),
                    .expected = "1",
                    .found = quote(first->substr(kFirstWords.size()))};
    }
    const auto folder = behind("partition", lines.next().value_or(""));
    if (!folder || !folder->starts_with('/')) return lines.bad_text("\"partition /path\"");
    partition.folder = *folder;
    const auto checkpoint = behind("checkpoint", lines.next().value_or(""));
    if (!checkpoint || !parse_checkpoint(*checkpoint, partition))
      return lines.bad_text("\"checkpoint before after\"");
    while (const auto line = lines.next()) {
      const auto text = behind("log", *line);
      auto file = text ? parse_file(*text) : std::nullopt;
      if (!file || parse_segment_file_name(file->name)->kind != SegmentFileKind::log)
        return lines.bad_text("\"log name size mtime\"");
      partition.logs.push_back(std::move(*file));
    }
    manifest_.partition = std::move(partition);
    return std::nullopt;
  }

  std::optional<Defect> parse_group(LineReader& lines) {
    OriginalsManifest::Group group;
    if (lines.next() != "group") return lines.bad_text("group");
    auto line = lines.next();
    for (; line; line = lines.next()) {
      const auto text = behind("kept", *line);
      if (!text) break;
      auto file = parse_file(*text);
      if (!file) return lines.bad_text("\"kept name size mtime\"");
      group.kept.push_back(std::move(*file));
    }
    const auto output = line ? behind("output", *line) : std::nullopt;
    if (group.bases().empty() || !output || !parse_output(*output, group))
      return lines.bad_text("\"output size digest\"");
    if (lines.next()) return lines.bad_text("end");
    manifest_.groups.push_back(std::move(group));
    return std::nullopt;
  }

  Bytes file_;
  LineReader lines_;
  OriginalsManifest manifest_;
  std::size_t section_start_ = 0;
  std::size_t section_end_ = 0;
};

}  // namespace

std::vector<Offset> OriginalsManifest::Group::bases() const {
  std::vector<Offset> bases;
  for (const KeptFile& file : kept) {
    const auto name = parse_segment_file_name(file.name);
    if (name && name->kind == SegmentFileKind::log) bases.push_back(name->offset);
  }
  std::sort(bases.begin(), bases.end());
  return bases;
}

std::string OriginalsManifest::encode(const Partition& partition) {
  std::string text =
      fmt::format("{}\npartition {}\ncheckpoint {} {}\n", kFirstLine, partition.folder.native(),
                  text_of(partition.checkpoint_before), text_of(partition.checkpoint_after));
  for (const KeptFile& log : partition.logs) text += line_of("log", log);
  return sealed(std::move(text));
}

std::string OriginalsManifest::encode(const Group& group) {
  std::string text = "group\n";
  for (const KeptFile& file : group.kept) text += line_of("kept", file);
  text += fmt::format("output {} {}\n", group.output_bytes, to_string(group.output));
  return sealed(std::move(text));
}

Result<OriginalsManifest> OriginalsManifest::decode(Bytes file) {
  return Decoder(file).run();
}

}  // namespace kseg
