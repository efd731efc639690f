#include "cli/root_settings.h"

#include "cli/counted.h"
#include "formats/partition_metadata.h"

namespace kseg {

std::optional<Uuid> topic_id_of(FileSystem& files, const Path& partition_folder) {
  const Path path = partition_folder / kPartitionMetadata;
  if (!files.info(path)) return std::nullopt;
  const auto metadata = decode_partition_metadata(read_file(files, path));
  return metadata ? std::optional(metadata->topic_id) : std::nullopt;
}

void tell_about(const TopicSettings& settings, const std::optional<LogDir>& root, Output& output) {
  const auto tell = [&](const std::string& note) { output.remark("note: " + note); };
  for (const std::string& note : settings.notes()) tell(note);
  if (!settings.metadata()) {
    if (root && !settings.of("").known_to_be_compacted()) {
      tell(fmt::format("{}: no {}-0 here, so what topics set is not known; --metadata names another place",
                       root->path().string(), kClusterMetadataTopic));
    }
    return;
  }
  for (const std::string& note : settings.metadata()->notes()) tell(note);
  const auto& defects = settings.metadata()->defects();
  if (defects.empty()) return;
  const LocatedDefect& first = defects.front();
  tell(
      fmt::format("{}: position {}: {}: topics count as unknown{}", first.file.string(),
                  first.defect.position, describe(first.defect),
                  defects.size() == 1 ? "" : fmt::format(" ({} more)", count(defects.size() - 1, "defect"))));
}

std::variant<const TopicSettings*, Refusal> RootSettings::of(const std::optional<LogDir>& root) {
  const Path key = root ? root->path() : Path();
  const auto known = settings_.find(key);
  if (known != settings_.end()) return &known->second;
  TopicSettings::Request request = request_;
  request.root = root;
  auto read = TopicSettings::read(files_, std::move(request));
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const auto made = settings_.emplace(key, std::move(std::get<TopicSettings>(read))).first;
  tell_about(made->second, root, output_);
  return &made->second;
}

TopicConfig RootSettings::of(const TopicSettings& settings, const std::string& topic, const Path& folder) {
  std::vector<std::string> notes;
  TopicConfig config = settings.of(topic, topic_id_of(files_, folder), notes);
  for (const std::string& note : notes) tell(note);
  return config;
}

void RootSettings::tell(const std::string& note) {
  if (told_.insert(note).second) output_.remark("note: " + note);
}

}  // namespace kseg
