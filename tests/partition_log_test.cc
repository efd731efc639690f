#include "lib/partition_log.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>

#include "tests/support/broker_cases.h"
#include "tests/support/load.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

using Files = std::map<std::string, ByteBuffer>;

void write(const Path& folder, const Files& files) {
  for (const auto& [name, content] : files) {
    std::ofstream(folder / name, std::ios::binary)
        .write(as_text(content).data(), static_cast<std::streamsize>(content.size()));
  }
}

Files read(const Path& folder) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[entry.path().filename().string()] = read_file(posix_file_system(), entry.path());
    }
  }
  return files;
}

Files input_of(std::string_view id) {
  for (const auto& one : broker_cases("load")) {
    if (one["id"] == id) return decode_files(one["in"]);
  }
  throw std::runtime_error("no such case: " + std::string(id));
}

// The contents of all files of the view, under the names they have after loading.
Files seen(const PartitionLog& log) {
  Files files;
  const auto see = [&](SegmentFileKind kind, Offset offset, const std::optional<Path>& path) {
    if (path)
      files[to_string(SegmentFileName{.kind = kind, .offset = offset})] =
          read_file(posix_file_system(), *path);
  };
  for (const Segment& segment : log.segments()) {
    see(SegmentFileKind::log, segment.base_offset, segment.log);
    see(SegmentFileKind::offset_index, segment.base_offset, segment.offset_index);
    see(SegmentFileKind::time_index, segment.base_offset, segment.time_index);
    see(SegmentFileKind::transaction_index, segment.base_offset, segment.transaction_index);
  }
  for (const auto& [offset, path] : log.snapshots()) see(SegmentFileKind::producer_snapshot, offset, path);
  return files;
}

std::vector<std::int64_t> bases(const PartitionLog& log) {
  std::vector<std::int64_t> offsets;
  for (const Segment& segment : log.segments()) offsets.push_back(segment.base_offset.value);
  return offsets;
}

std::vector<std::string> names(const Files& files) {
  std::vector<std::string> of_files;
  for (const auto& file : files) of_files.push_back(file.first);
  return of_files;
}

// "42.log.swap" → "00000000000000000042.log.swap"
std::string file(std::string_view name) {
  const std::size_t digits = name.find('.');
  return std::string(20 - digits, '0').append(name);
}

std::vector<std::string> list_of(std::initializer_list<std::string_view> short_names) {
  std::vector<std::string> files;
  for (const std::string_view name : short_names) files.push_back(file(name));
  return files;
}

Offset never_asked(const std::string& name) {
  FAIL("asked for the next offset of " << name);
  return {};
}

std::function<Offset(const std::string&)> always(std::int64_t next) {
  return [=](const std::string&) { return Offset{next}; };
}

// The real files, but the folder changes while it is looked at.
class ChangingFiles : public FileSystem {
 public:
  // Called with what list() found, before it is handed out, and the number of the call (from 1).
  using Change = std::function<void(std::vector<DirectoryEntry>& listed, int call)>;
  explicit ChangingFiles(Change change) : change_(std::move(change)) {}

  std::vector<DirectoryEntry> list(const Path& directory) override {
    auto listed = real_.list(directory);
    change_(listed, ++calls_);
    return listed;
  }
  std::unique_ptr<File> open(const Path& path) override { return real_.open(path); }
  std::optional<FileInfo> info(const Path& path) override { return real_.info(path); }
  std::unique_ptr<File> create(const Path&, std::uint32_t) override { return refused(), nullptr; }
  std::unique_ptr<File> open_to_append(const Path&) override { return refused(), nullptr; }
  std::unique_ptr<File> create_temporary(const Path&) override { return refused(), nullptr; }
  void rename(const Path&, const Path&) override { refused(); }
  bool is_locked(const Path& path) override { return real_.is_locked(path); }
  std::uint64_t free_bytes(const Path& directory) override { return real_.free_bytes(directory); }
  void link(const Path&, const Path&) override { refused(); }
  void remove(const Path&) override { refused(); }
  void make_directory(const Path&, std::uint32_t) override { refused(); }
  void sync_directory(const Path&) override { refused(); }
  void set_mtime(const Path&, std::int64_t) override { refused(); }
  void set_owner(const Path&, std::uint32_t, std::uint32_t) override { refused(); }
  std::unique_ptr<FileLock> lock(const Path&) override { return refused(), nullptr; }

  int calls() const { return calls_; }

 private:
  static void refused() { throw std::logic_error("a view must not write"); }

  FileSystem& real_ = posix_file_system();
  Change change_;
  int calls_ = 0;
};

}  // namespace

TEST_CASE("a plan carried out leaves what Kafka's loader left (compaction-cases K)") {
  // What later steps of loading do is not in the plan: K8, K9 and K19 keep the snapshot at 2, which no
  // segment starts at any more (step 7), K19 the indexes of the segment that lost its log (step 6).
  // Rebuilt and created indexes (K17, K18, K20) and the snapshots of K21 are theirs altogether.
  const std::map<std::string, std::vector<std::string>> left_for_later{
      {"K8", {file("2.snapshot")}},
      {"K9", {file("2.snapshot")}},
      {"K19", {file("2.index"), file("2.snapshot"), file("2.timeindex")}}};
  const std::set<std::string> not_of_the_plan{"K17", "K18", "K20a", "K20b", "K20c", "K20d", "K21"};

  int compared = 0;
  for (const auto& one : broker_cases("load")) {
    const std::string id = one["id"].get<std::string>();
    CAPTURE(id);
    TemporaryFolder folder;
    write(folder.path(), decode_files(one["in"]));
    load_as_broker(posix_file_system(), folder.path());
    Files left = read(folder.path());

    if (not_of_the_plan.contains(id)) {
      CHECK(left == decode_files(one["in"]));
      continue;
    }
    if (left_for_later.contains(id)) {
      for (const std::string& name : left_for_later.at(id)) CHECK(left.erase(name) == 1);
    }
    const Files expected = decode_files(one["out"]);
    CHECK(names(left) == names(expected));
    CHECK(left == expected);
    ++compared;
  }
  CHECK(compared == 17);
}

TEST_CASE("a view shows what a broker would load, and touches nothing") {
  for (const auto& one : broker_cases("load")) {
    CAPTURE(one["id"].get<std::string>());
    TemporaryFolder folder;
    const Files before = decode_files(one["in"]);
    write(folder.path(), before);

    const PartitionLog view = PartitionLog::open(posix_file_system(), folder.path());
    const Files in_view = seen(view);
    CHECK(read(folder.path()) == before);

    load_as_broker(posix_file_system(), folder.path());
    const PartitionLog loaded = PartitionLog::open(posix_file_system(), folder.path());
    CHECK(loaded.load_plan().removed.empty());
    CHECK(loaded.load_plan().renamed.empty());
    CHECK(in_view == seen(loaded));
    CHECK(bases(view) == bases(loaded));
    // All that is loaded is either in the view or among the other files.
    CHECK(seen(loaded).size() + loaded.other_files().size() == read(folder.path()).size());
  }
}

TEST_CASE("in the middle of a swap the swap file is the segment") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K4"));
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());

  CHECK(bases(log) == std::vector<std::int64_t>{0, 4, 6});
  CHECK(log.segments()[0].log == folder.path() / file("0.log.swap"));
  CHECK(log.segments()[0].offset_index == folder.path() / file("0.index.swap"));
  CHECK(log.segments()[0].time_index == folder.path() / file("0.timeindex.swap"));
  CHECK_FALSE(log.segments()[0].transaction_index);
  CHECK(log.active().log == folder.path() / file("6.log"));
  CHECK(log.load_plan().unfinished_swap());
  CHECK(log.load_plan().removed ==
        list_of({"0.index", "0.log", "0.timeindex", "2.index", "2.log", "2.snapshot", "2.timeindex"}));
  CHECK(log.other_files() == std::vector<std::string>{"leader-epoch-checkpoint"});
}

TEST_CASE("indexes may be swapped although their log is final already") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K8"));
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(log.segments()[0].log == folder.path() / file("0.log"));
  CHECK(log.segments()[0].offset_index == folder.path() / file("0.index.swap"));
  CHECK(log.snapshots().contains(Offset{2}));  // stray, but that is a later step's
}

TEST_CASE("before the swap is complete the old segments stand") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K2"));
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(bases(log) == std::vector<std::int64_t>{0, 2, 4, 6});
  CHECK(log.segments()[0].log == folder.path() / file("0.log"));
  CHECK_FALSE(log.load_plan().unfinished_swap());
  CHECK(log.load_plan().removed == list_of({"0.log.swap", "0.index.cleaned", "0.timeindex.cleaned"}));
}

TEST_CASE("a cleaner at work does not show in the view") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K1"));
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(bases(log) == std::vector<std::int64_t>{0, 2, 4, 6});
  CHECK(log.load_plan().removed.size() == 3);
  CHECK(log.other_files() == std::vector<std::string>{"leader-epoch-checkpoint"});
}

TEST_CASE("an index without its log is no segment") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K19"));
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(bases(log) == std::vector<std::int64_t>{0, 4, 6});
  CHECK(log.other_files() ==
        std::vector<std::string>{file("2.index"), file("2.timeindex"), "leader-epoch-checkpoint"});
}

TEST_CASE("a swap file that is damaged reaches as far as its last good batch") {
  Files files = input_of("K4");
  ByteBuffer& swap = files[file("0.log.swap")];  // batches 1 and 3, 70 bytes each

  SUBCASE("a torn tail does not count") {
    swap.resize(swap.size() - 5);
    TemporaryFolder folder;
    write(folder.path(), files);
    CHECK(bases(PartitionLog::open(posix_file_system(), folder.path())) ==
          std::vector<std::int64_t>{0, 2, 4, 6});
  }
  SUBCASE("a batch behind a damaged one does") {
    swap[16] = 99;  // magic of the first
    TemporaryFolder folder;
    write(folder.path(), files);
    CHECK(bases(PartitionLog::open(posix_file_system(), folder.path())) ==
          std::vector<std::int64_t>{0, 4, 6});
  }
  SUBCASE("nothing but rubbish is as good as empty") {
    swap.assign(500, 0xa5);
    TemporaryFolder folder;
    write(folder.path(), files);
    const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
    CHECK(bases(log) == std::vector<std::int64_t>{0, 2, 4, 6});
    CHECK(log.segments()[0].log == folder.path() / file("0.log.swap"));
  }
}

TEST_CASE("size and time of a segment are its log's") {
  TemporaryFolder folder;
  write(folder.path(), {{file("0.log"), ByteBuffer(70)}, {file("0.index"), ByteBuffer(8)}});
  posix_file_system().set_mtime(folder.path() / file("0.log"), 1'700'000'000'123'000'000);
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  REQUIRE(log.segments().size() == 1);
  CHECK(log.active().size_bytes == 70);
  CHECK(log.active().mtime_ns == 1'700'000'000'123'000'000);
}

TEST_CASE("the folder's name tells the partition, with or without a slash behind it") {
  TemporaryFolder root;
  const Path folder = root.path() / "a.b-c-12";
  std::filesystem::create_directory(folder);
  CHECK(PartitionLog::open(posix_file_system(), folder).name()->partition == TopicPartition{"a.b-c", 12});
  CHECK(PartitionLog::open(posix_file_system(), folder / "").name()->partition ==
        TopicPartition{"a.b-c", 12});
  std::filesystem::create_directory(root.path() / "backup");
  CHECK_FALSE(PartitionLog::open(posix_file_system(), root.path() / "backup").name());
}

TEST_CASE("a folder without logs has no segments, a folder that is not there is an I/O error") {
  TemporaryFolder folder;
  write(folder.path(), {{"partition.metadata", {}}, {file("7.snapshot"), {}}});
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(log.segments().empty());
  CHECK(log.snapshots().size() == 1);
  CHECK_THROWS_AS(PartitionLog::open(posix_file_system(), folder.path() / "t-0"), IoError);
}

TEST_CASE("only regular files with a broker's own names are segments") {
  TemporaryFolder folder;
  write(folder.path(),
        {{file("5.log"), {}}, {"6.log", {}}, {"x.log", {}}, {"x.log.swap", {}}, {"9.foo.log", {}}});
  std::filesystem::create_directory(folder.path() / file("7.log"));
  std::filesystem::create_symlink("nothing", folder.path() / file("8.log"));
  REQUIRE(mkfifo((folder.path() / file("9.log.swap")).c_str(), 0600) == 0);

  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(bases(log) == std::vector<std::int64_t>{5});
  CHECK(log.other_files() == std::vector<std::string>{"6.log", "9.foo.log", "x.log", "x.log.swap"});
  CHECK(log.load_plan().removed.empty());
  CHECK(log.load_plan().renamed.empty());
  std::vector<std::string> not_files;
  for (const LocatedDefect& each : log.not_files()) not_files.push_back(each.file.filename());
  CHECK(not_files == std::vector<std::string>{file("7.log"), file("8.log"), file("9.log.swap")});
}

TEST_CASE("the segment that holds an offset has the greatest base at or below it") {
  TemporaryFolder folder;
  write(folder.path(), {{file("10.log"), {}}, {file("20.log"), {}}, {file("30.log"), {}}});
  const PartitionLog log = PartitionLog::open(posix_file_system(), folder.path());
  CHECK(log.floor_segment({5}) == 0);
  CHECK(log.floor_segment({10}) == 0);
  CHECK(log.floor_segment({19}) == 0);
  CHECK(log.floor_segment({20}) == 1);
  CHECK(log.floor_segment({9223372036854775807}) == 2);
}

TEST_CASE("a swap that goes on between listing and looking is listed again") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K7"));
  ChangingFiles files([&](std::vector<DirectoryEntry>&, int call) {
    if (call == 1) std::filesystem::rename(folder.path() / file("0.log.swap"), folder.path() / file("0.log"));
  });
  const PartitionLog log = PartitionLog::open(files, folder.path());
  CHECK(bases(log) == std::vector<std::int64_t>{0, 4, 6});
  CHECK(log.segments()[0].log == folder.path() / file("0.log"));
  CHECK(log.segments()[0].offset_index == folder.path() / file("0.index.swap"));
}

TEST_CASE("a segment that is gone between listing and looking is not in the view") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K1"));
  ChangingFiles files([&](std::vector<DirectoryEntry>&, int call) {
    if (call == 1) std::filesystem::remove(folder.path() / file("0.log"));
  });
  CHECK(bases(PartitionLog::open(files, folder.path())) == std::vector<std::int64_t>{2, 4, 6});
}

TEST_CASE("a listing that misses a file because it is being renamed is not believed") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K9"));
  ChangingFiles files([&](std::vector<DirectoryEntry>& listed, int call) {
    if (call > 1) return;
    const auto is_log = [&](const DirectoryEntry& entry) { return entry.name == file("0.log"); };
    listed.erase(std::find_if(listed.begin(), listed.end(), is_log));
  });
  CHECK(bases(PartitionLog::open(files, folder.path())) == std::vector<std::int64_t>{0, 4, 6});
  CHECK(files.calls() == 4);
}

TEST_CASE("a folder that never comes to rest is an I/O error") {
  TemporaryFolder folder;
  write(folder.path(), input_of("K9"));
  ChangingFiles files([&](std::vector<DirectoryEntry>&, int call) {
    write(folder.path(), {{"file-" + std::to_string(call), {}}});
  });
  try {
    PartitionLog::open(files, folder.path());
    FAIL("opened");
  } catch (const IoError& error) {
    CHECK(error.error_number() == EAGAIN);
  }
}

TEST_CASE("files marked deleted go, snapshots of cluster metadata stay") {
  const auto plan = LoadPlan::of({file("0.log"), file("0.log.deleted"), "x.deleted",
                                  "00000000000000000000-0000000000.checkpoint.deleted"},
                                 never_asked);
  CHECK(plan.removed == std::vector<std::string>{file("0.log.deleted"), "x.deleted"});
  CHECK(plan.renamed.empty());
}

TEST_CASE("a swap at or above the lowest cleaned goes, one below stays") {
  const auto plan = LoadPlan::of(
      list_of({"0.log.swap", "4.index.swap", "4.log.cleaned", "6.log.cleaned", "8.log.swap"}), always(0));
  CHECK(plan.removed == list_of({"4.index.swap", "8.log.swap", "4.log.cleaned", "6.log.cleaned"}));
  REQUIRE(plan.renamed.size() == 1);
  CHECK(plan.renamed[0] == std::pair{file("0.log.swap"), file("0.log")});
}

TEST_CASE("swaps replace every file with a number in their common range") {
  const auto next = [](const std::string& name) {
    return name == file("2.log.swap") ? Offset{5} : Offset{9};
  };
  const auto plan = LoadPlan::of({file("0.log"), "2.anything", file("2.log.swap"), "3", file("5.snapshot"),
                                  file("6.log.swap"), "8.log", file("8.txnindex"), file("9.log"),
                                  "00000000000000000003-0000000000.checkpoint", "leader-epoch-checkpoint"},
                                 next);
  CHECK(plan.removed ==
        std::vector<std::string>{"2.anything", file("5.snapshot"), "8.log", file("8.txnindex")});
  CHECK(plan.renamed.size() == 2);
}

TEST_CASE("an empty swap replaces its own log and no file beside it") {
  const auto plan = LoadPlan::of(list_of({"0.log", "0.log.swap", "0.txnindex"}), always(0));
  CHECK(plan.removed.empty());
  CHECK(plan.renamed.size() == 1);
}

TEST_CASE("swaps of indexes alone have no range but are renamed") {
  const auto plan = LoadPlan::of(list_of({"0.index.swap", "0.log", "0.snapshot.swap"}), never_asked);
  CHECK(plan.removed.empty());
  CHECK(plan.renamed.size() == 2);
}

TEST_CASE("names that break loading are left alone") {
  const auto plan = LoadPlan::of({"x.cleaned", "x.log", "x.log.swap", file("0.log.swap")}, always(1));
  CHECK(plan.removed.empty());
  CHECK(plan.renamed.size() == 1);
}

}  // namespace kseg
