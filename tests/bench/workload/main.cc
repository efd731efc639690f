// Writes a log directory of known shape, for benchmarks; the same bytes for the same seed:
//
//   kseg_workload PRESET OUT_DIR [--scale X] [--seed N] [--partitions N]
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>

#include "formats/checkpoint_file.h"
#include "formats/meta_properties.h"
#include "lib/file_system.h"
#include "tests/bench/workload/partition_workload.h"

namespace kseg {
namespace {

constexpr std::string_view kClusterId = "a3NlZy1iZW5jaG1hcms";

struct Request {
  Preset preset;
  Path root;
  std::uint64_t seed = 1;
};

void print_usage(std::FILE* to) {
  fmt::print(
      to,
      "usage: kseg_workload PRESET OUT_DIR [--scale X] [--seed N] [--partitions N]\n\n"
      "Writes a log directory OUT_DIR, which must not exist. --scale 0.01 makes bytes, segments and number\n"
      "of keys a hundredth.\n\npresets:\n");
  for (const Preset& preset : presets()) fmt::print(to, "  {:<22} {}\n", preset.name, preset.what);
}

// Nothing unless all of `text` is a number of this type.
template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Nothing if the command line is wrong.
std::optional<Request> parse(const std::vector<std::string_view>& words) {
  if (words.size() < 2 || words.size() % 2 != 0) return std::nullopt;
  const Preset* const preset = find_preset(words[0]);
  if (preset == nullptr) return std::nullopt;
  Request request{.preset = *preset, .root = words[1]};
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (words[i] == "--scale") {
      const auto scale = number<double>(words[i + 1]);
      if (!scale || !std::isfinite(*scale) || *scale <= 0) return std::nullopt;
      request.preset = scaled(request.preset, *scale);
    } else if (words[i] == "--seed") {
      const auto seed = number<std::uint64_t>(words[i + 1]);
      if (!seed) return std::nullopt;
      request.seed = *seed;
    } else if (words[i] == "--partitions") {
      const auto count = number<std::int32_t>(words[i + 1]);
      if (!count || *count <= 0) return std::nullopt;
      request.preset.partition_count = *count;
    } else {
      return std::nullopt;
    }
  }
  return request;
}

Uuid random_uuid(Dice& dice) {
  Uuid uuid;
  for (std::uint8_t& byte : uuid.bytes) byte = static_cast<std::uint8_t>(dice.below(256));
  return uuid;
}

class RootFiles {
 public:
  explicit RootFiles(Path root) : root_(std::move(root)) {}

  void add(const TopicPartition& partition, const PartitionWorkload& workload) {
    ends_.push_back({partition, workload.end()});
    if (workload.first_dirty().value > 0) cleaned_.push_back({partition, workload.first_dirty()});
  }

  void write(const Uuid& directory_id) const {
    write_file(kMetaProperties,
               encode_meta_properties(
                   {.cluster_id = std::string(kClusterId), .node_id = 1, .directory_id = directory_id}));
    write_file(kRecoveryPointCheckpoint, encode_offset_checkpoint(ends_));
    write_file(kReplicationCheckpoint, encode_offset_checkpoint(ends_));
    write_file(kLogStartCheckpoint, encode_offset_checkpoint({}));
    write_file(kCleanerCheckpoint, encode_offset_checkpoint(cleaned_));
    write_file(kCleanShutdownFile, R"({"version":0,"brokerEpoch":-1})");
  }

 private:
  void write_file(std::string_view name, const std::string& text) const {
    replace_file(posix_file_system(), root_ / name, as_bytes(text));
  }

  Path root_;
  std::vector<PartitionOffset> ends_;
  std::vector<PartitionOffset> cleaned_;
};

void write(const Request& request) {
  FileSystem& files = posix_file_system();
  files.make_directory(request.root, 0755);
  Dice ids(request.seed);
  const Uuid topic_id = random_uuid(ids);
  RootFiles root(request.root);
  std::uint64_t log_bytes = 0;
  std::int64_t record_count = 0;
  for (std::int32_t i = 0; i < request.preset.partition_count; ++i) {
    const TopicPartition partition{.topic = std::string(request.preset.topic), .partition = i};
    const Path folder = request.root / to_string(partition);
    files.make_directory(folder, 0755);
    PartitionWorkload workload(request.preset, folder, request.seed + static_cast<std::uint64_t>(i));
    workload.write(topic_id);
    root.add(partition, workload);
    log_bytes += workload.log_bytes();
    record_count += workload.record_count();
  }
  root.write(random_uuid(ids));
  fmt::print("{}: {} bytes, {} records, {} partitions\n", request.preset.name, log_bytes, record_count,
             request.preset.partition_count);
}

int run(const std::vector<std::string_view>& words) {
  if (words.size() == 1 && words[0] == "--help") {
    print_usage(stdout);
    return 0;
  }
  const auto request = parse(words);
  if (!request) {
    print_usage(stderr);
    return 2;
  }
  try {
    write(*request);
  } catch (const IoError& error) {
    fmt::print(stderr, "kseg_workload: {}\n", error.what());
    return 3;
  }
  return 0;
}

}  // namespace
}  // namespace kseg

int main(int argc, char** argv) {
  return kseg::run({argv + 1, argv + argc});
}
