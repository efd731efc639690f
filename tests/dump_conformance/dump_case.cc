#include "tests/dump_conformance/dump_case.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/cursor.h"
#include "formats/record_batch.h"
#include "tests/support/dice.h"
#include "tests/support/random_log.h"

namespace kseg {
namespace {

constexpr std::size_t kLargestFolder = 200'000;  // bytes: a case is to take no time

bool is_log(const std::string& name) {
  return name.ends_with(".log") || name.ends_with(".checkpoint");
}

class Writer {
 public:
  Writer(std::uint64_t seed, const std::vector<BrokerFolder>& broker, std::string folder)
      : dice_(seed), folder_(std::move(folder)) {
    if (dice_.chance(50)) {
      RandomRound round = random_round(seed);
      round.folder.snapshots_of_segments = dice_.chance(50);
      round.folder.index_interval_bytes = dice_.pick({1, 64, 300, 4096});
      case_.files = to_files(round.log, round.folder);
    } else {
      const auto any_of_broker = [&] {
        return static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(broker.size())));
      };
      std::size_t chosen = any_of_broker();
      for (int i = 0; i < 3 && !broker[chosen].topic.starts_with("__"); ++i) chosen = any_of_broker();
      topic_ = broker[chosen].topic;
      case_.files = broker[chosen].files;
    }
  }

  DumpCase write() {
    if (dice_.chance(75)) {
      const std::int64_t count = dice_.between(1, 3);
      for (std::int64_t i = 0; i < count && !case_.files.empty(); ++i) damage();
    }
    if (dice_.chance(3)) multiply();
    arguments();
    return std::move(case_);
  }

 private:
  void tell(const std::string& what) { case_.damage += (case_.damage.empty() ? "" : "; ") + what; }

  FolderFiles::iterator any_file() {
    auto file = case_.files.begin();
    std::advance(file, dice_.below(static_cast<std::int64_t>(case_.files.size())));
    return file;
  }

  std::size_t any_position(const ByteBuffer& bytes) {
    return static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(bytes.size())));
  }

  // Where batches begin, as far as their lengths can be followed.
  static std::vector<std::size_t> batches(const ByteBuffer& bytes) {
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at + RecordBatchHeader::kSize <= bytes.size();) {
      Cursor in(Bytes(bytes).subspan(at));
      in.i64();
      const std::int32_t length = in.i32();
      if (length < 0) break;
      found.push_back(at);
      at += static_cast<std::size_t>(length) + RecordBatchHeader::kLogOverhead;
    }
    return found;
  }

  static void put(ByteBuffer& bytes, std::size_t at, std::size_t size, std::int64_t value) {
    for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i)
      bytes[at + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * (size - 1 - i)));
  }

  std::int64_t odd_number() {
    constexpr std::int64_t k32 = std::int64_t{1} << 31;
    constexpr std::int64_t k64 = std::numeric_limits<std::int64_t>::max();
    return dice_.pick<std::int64_t>({0,
                                     1,
                                     -1,
                                     2,
                                     -2,
                                     13,
                                     14,
                                     20,
                                     26,
                                     48,
                                     49,
                                     50,
                                     61,
                                     k32 - 1,
                                     -k32,
                                     k32 - 20,
                                     k64,
                                     -k64 - 1,
                                     dice_.between(-1000, 1000),
                                     dice_.between(0, 300)});
  }

  // One field of the header of one batch.
  void odd_field(const std::string& name, ByteBuffer& bytes) {
    struct Field {
      std::size_t at;
      std::size_t size;
    };
    const auto starts = batches(bytes);
    if (starts.empty()) return flip(name, bytes);
    const Field field = dice_.pick<Field>({{0, 8},
                                           {8, 4},
                                           {8, 4},
                                           {12, 4},
                                           {16, 1},
                                           {16, 1},
                                           {17, 4},
                                           {21, 2},
                                           {22, 1},
                                           {22, 1},
                                           {23, 4},
                                           {27, 8},
                                           {35, 8},
                                           {43, 8},
                                           {51, 2},
                                           {53, 4},
                                           {53, 4},
                                           {57, 4},
                                           {57, 4}});
    const std::size_t at = dice_.pick(starts) + field.at;
    std::int64_t value = odd_number();
    if (field.at == 16) value = dice_.pick({0, 1, 3, 127, -1, -128});
    if (field.at == 8 && dice_.chance(50)) value = dice_.between(0, 120);
    put(bytes, at, field.size, value);
    tell(fmt::format("{}: {} in {} bytes at {}", name, value, field.size, at));
  }

  void flip(const std::string& name, ByteBuffer& bytes) {
    const std::size_t at = any_position(bytes);
    const auto bit = dice_.below(8);
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << bit);
    tell(fmt::format("{}: bit {} of byte {} flipped", name, bit, at));
  }

  void damage() {
    auto file = any_file();
    for (int i = 0; i < 2 && !is_log(file->first); ++i) file = any_file();
    const std::string name = file->first;
    ByteBuffer& bytes = file->second;
    const auto kind = dice_.below(100);
    if (kind < 8) {
      case_.files.erase(file);
      return tell(name + " is gone");
    }
    if (kind < 14) return rename(file);
    if (kind < 22) {
      const std::size_t count = static_cast<std::size_t>(dice_.between(1, 70));
      const auto value = dice_.chance(60) ? std::uint8_t{0} : static_cast<std::uint8_t>(dice_.below(256));
      bytes.insert(bytes.end(), count, value);
      return tell(fmt::format("{}: {} bytes of {} behind the end", name, count, value));
    }
    if (bytes.empty()) return;
    if (kind < 34) {
      bytes.resize(any_position(bytes));
      return tell(fmt::format("{}: cut to {} bytes", name, bytes.size()));
    }
    if (kind < 40) {
      const std::size_t at = any_position(bytes);
      const auto count =
          std::min<std::size_t>(bytes.size() - at, static_cast<std::size_t>(dice_.between(1, 100)));
      bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                  bytes.begin() + static_cast<std::ptrdiff_t>(at + count));
      return tell(fmt::format("{}: {} bytes missing at {}", name, count, at));
    }
    if (kind < 46) {
      const std::size_t at = any_position(bytes);
      const auto count =
          std::min<std::size_t>(bytes.size() - at, static_cast<std::size_t>(dice_.between(1, 40)));
      for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<std::uint8_t>(dice_.below(256));
      return tell(fmt::format("{}: {} bytes of noise at {}", name, count, at));
    }
    if (kind < 52) {
      const std::size_t size = dice_.pick<std::size_t>({1, 2, 4, 8});
      const std::size_t at = any_position(bytes);
      const std::int64_t value = odd_number();
      put(bytes, at, size, value);
      return tell(fmt::format("{}: {} in {} bytes at {}", name, value, size, at));
    }
    if (is_log(name) && kind < 80) return odd_field(name, bytes);
    flip(name, bytes);
  }

  // So many logs that the order of what is found in them depends on more than a few buckets.
  void multiply() {
    const auto file = std::find_if(case_.files.begin(), case_.files.end(),
                                   [](const auto& one) { return is_log(one.first); });
    if (file == case_.files.end()) return;
    const std::int64_t count = dice_.between(8, 70);
    for (std::int64_t i = 0; i < count; ++i)
      case_.files[fmt::format("{:0{}}.log", dice_.between(1, 100'000), dice_.pick({1, 20}))] = file->second;
    tell(fmt::format("{} copies of {}", count, file->first));
  }

  void rename(FolderFiles::iterator file) {
    const std::string name = file->first;
    const std::string suffix = name.find('.') == std::string::npos ? "" : name.substr(name.rfind('.'));
    const std::string stem = name.substr(0, name.find('.'));
    const std::string to = dice_.pick<std::string>({"7" + suffix,
                                                    "-3" + suffix,
                                                    "+" + stem + suffix,
                                                    "x" + suffix,
                                                    suffix,
                                                    name + ".deleted",
                                                    name + ".swap",
                                                    name + ".log",
                                                    stem + ".more.dots" + suffix,
                                                    stem,
                                                    "9223372036854775807" + suffix,
                                                    "9223372036854775808" + suffix,
                                                    stem + "-0000000007.checkpoint",
                                                    stem + ".checkpoint",
                                                    "bootstrap.checkpoint",
                                                    "a b%c" + suffix,
                                                    stem + " " + suffix,
                                                    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" + suffix,
                                                    "0x10" + suffix,
                                                    stem + "-12345.checkpoint",
                                                    "no-name"});
    if (to.empty() || to == name) return;
    auto bytes = std::move(file->second);
    case_.files.erase(file);
    case_.files[to] = std::move(bytes);
    tell(name + " is named " + to);
  }

  void option(int percent, std::initializer_list<std::string> words) {
    if (dice_.chance(percent)) case_.arguments.insert(case_.arguments.end(), words);
  }

  void arguments() {
    std::string files;
    for (const auto& [name, bytes] : case_.files) {
      // Most often only some of a folder: the first that Kafka does not survive ends it.
      if (!dice_.chance(is_log(name) ? 50 : 35)) continue;
      files +=
          (files.empty() ? "" : ",") + folder_ + dice_.pick<std::string>({"/", "/", "/", "//", "/./"}) + name;
    }
    if (files.empty()) {
      const auto name = case_.files.empty() ? "0.log" : any_file()->first;
      files = folder_ + "/" + name;
    }
    if (dice_.chance(3))
      files += "," + folder_ + "/missing" +
               dice_.pick<std::string>(
                   {".log", ".snapshot", ".txnindex", "0.txnindex", ".index", "", ".timeindex"});
    if (dice_.chance(2)) files += ",,";
    if (dice_.chance(50))
      option(100, {"--files", files});
    else
      option(100, {"--files=" + files});
    option(40, {"--print-data-log"});
    option(40, {"--deep-iteration"});
    option(15, {"--skip-record-metadata"});
    option(15, {"--verify-index-only"});
    option(8, {"--index-sanity-check"});
    option(8,
           {"--max-bytes", fmt::format("{}", dice_.pick<std::int64_t>({0, 17, 18, 61, dice_.between(0, 5000),
                                                                       2147483646, 2147483647}))});
    option(8, {fmt::format("--max-message-size={}",
                           dice_.pick<std::int64_t>({0, 18, 61, dice_.between(0, 500), 2147483647}))});
    if (dice_.chance(70)) {
      if (topic_ == "__consumer_offsets") option(100, {"--offsets-decoder"});
      if (topic_ == "__transaction_state") option(100, {"--transaction-log-decoder"});
      if (topic_ == "__cluster_metadata") option(100, {"--cluster-metadata-decoder"});
      if (topic_ == "__share_group_state") option(100, {"--share-group-state-decoder"});
    }
    option(12, {dice_.pick<std::string>({"--offsets-decoder", "--transaction-log-decoder",
                                         "--cluster-metadata-decoder", "--remote-log-metadata-decoder",
                                         "--share-group-state-decoder"})});
    option(12, {dice_.pick<std::string>({"--offsets-decoder", "--transaction-log-decoder",
                                         "--cluster-metadata-decoder", "--share-group-state-decoder"})});
    option(4, {"--key-decoder-class", "org.apache.kafka.tools.api.IntegerDecoder"});
    if (dice_.chance(3))
      option(100, {"--value-decoder-class"});
    else
      option(4, {"--value-decoder-class=org.apache.kafka.tools.api." +
                 dice_.pick<std::string>({"LongDecoder", "IntegerDecoder", "StringDecoder"})});
  }

  Dice dice_;
  std::string folder_;
  std::string topic_;  // if a broker wrote it
  DumpCase case_;
};

}  // namespace

std::vector<BrokerFolder> broker_folders(const Path& data) {
  std::vector<BrokerFolder> folders;
  std::vector<Path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (entry.is_directory() && parse_partition_folder_name(entry.path().filename().native()))
      paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const Path& path : paths) {
    FolderFiles files = read_folder(path);
    std::size_t bytes = 0;
    for (const auto& [name, content] : files) bytes += content.size();
    const bool has_log =
        std::any_of(files.begin(), files.end(), [](const auto& file) { return is_log(file.first); });
    if (has_log && bytes <= kLargestFolder)
      folders.push_back({.topic = parse_partition_folder_name(path.filename().native())->partition.topic,
                         .files = std::move(files)});
  }
  return folders;
}

DumpCase random_dump_case(std::uint64_t seed, const std::vector<BrokerFolder>& broker,
                          const std::string& folder) {
  return Writer(seed, broker, folder).write();
}

}  // namespace kseg
