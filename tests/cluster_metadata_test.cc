#include "lib/cluster_metadata.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/partition_metadata.h"
#include "lib/log_dir.h"
#include "tests/support/log_folder.h"
#include "tests/support/metadata_log.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

const Path kBroker = KSEG_TEST_DATA "/broker";
const Uuid kOld = *parse_uuid("ASNFZ4mrze_-3LqYdlQyEA");
const Uuid kNew = *parse_uuid("MkU3OEVBNTcwNTJENDM2Qg");

using Settings = ClusterMetadata::Settings;

MetadataRecord orders(const Uuid& id = kOld) {
  return TopicRecord{.name = "orders", .topic_id = id};
}
MetadataRecord replicas(std::int32_t partition, std::vector<std::int32_t> brokers) {
  return PartitionRecord{.partition = partition, .topic_id = kOld, .replicas = std::move(brokers)};
}

void check_sound(const ClusterMetadata& metadata) {
  for (const LocatedDefect& found : metadata.defects())
    FAIL_CHECK(found.file.string(), ": ", describe(found.defect));
  for (const std::string& note : metadata.notes()) FAIL_CHECK(note);
}

DefectCode only_code(const ClusterMetadata& metadata) {
  REQUIRE(metadata.defects().size() == 1);
  return metadata.defects()[0].defect.code;
}

TEST_CASE("the metadata log names topics, who holds their partitions, and settings; the last word counts") {
  MetadataLog log;
  log.add(orders()).add(replicas(0, {1, 2})).add(replicas(1, {2})).add(setting("retention.ms", "5"));
  log.add(PartitionChangeRecord{.partition = 1, .topic_id = kOld, .replicas = {{3, 1}}});
  log.add(setting("retention.ms", "6")).add(setting("segment.bytes", "7"));
  log.add(setting("segment.bytes", std::nullopt)).add(setting("never.set", std::nullopt));
  log.add(broker_setting("", "log.retention.ms", "8")).add(broker_setting("2", "message.max.bytes", "9"));
  const ClusterMetadata metadata = read(log);
  check_sound(metadata);
  REQUIRE(metadata.topic("orders"));
  CHECK(metadata.topic("orders")->id == kOld);
  CHECK(metadata.topic(kOld) == metadata.topic("orders"));
  CHECK(metadata.partition(kOld, 0)->replicas == std::vector<std::int32_t>{1, 2});
  CHECK(metadata.partition(kOld, 1)->replicas == std::vector<std::int32_t>{3, 1});
  CHECK_FALSE(metadata.partition(kOld, 2));
  CHECK_FALSE(metadata.partition(kNew, 0));
  CHECK(metadata.settings_of_topic("orders") == Settings{{"retention.ms", "6"}});
  CHECK(metadata.settings_of_topic("other").empty());
  CHECK(metadata.settings_of_all_brokers() == Settings{{"log.retention.ms", "8"}});
  CHECK(metadata.settings_of_broker(2) == Settings{{"message.max.bytes", "9"}});
  CHECK(metadata.settings_of_broker(1).empty());
}

TEST_CASE("replicas that change leave no directories behind unless they bring theirs") {
  MetadataLog log;
  log.add(orders()).add(
      PartitionRecord{.partition = 0, .topic_id = kOld, .replicas = {1}, .directories = {kNew}});
  CHECK(read(log).partition(kOld, 0)->directories == std::vector{kNew});
  log.add(PartitionChangeRecord{.partition = 0, .topic_id = kOld});
  CHECK(read(log).partition(kOld, 0)->directories == std::vector{kNew});
  log.add(PartitionChangeRecord{.partition = 0, .topic_id = kOld, .replicas = {{1, 2}}});
  CHECK(read(log).partition(kOld, 0)->directories.empty());
  log.add(PartitionChangeRecord{.partition = 0, .topic_id = kOld, .directories = {{kOld, kNew}}});
  CHECK(read(log).partition(kOld, 0)->directories == std::vector{kOld, kNew});
}

TEST_CASE("a topic that was removed and created again has nothing of the old one") {
  MetadataLog log;
  log.add(orders()).add(replicas(0, {1})).add(setting("cleanup.policy", "compact"));
  log.add(setting("cleanup.policy", "compact", "others")).add(RemoveTopicRecord{kOld});
  const ClusterMetadata removed = read(log);
  check_sound(removed);
  CHECK(removed.topics().empty());
  CHECK_FALSE(removed.topic("orders"));
  CHECK(removed.settings_of_topic("orders").empty());
  CHECK(removed.settings_of_topic("others").size() == 1);

  log.add(orders(kNew)).add(setting("retention.ms", "1"));
  const ClusterMetadata again = read(log);
  check_sound(again);
  CHECK(again.topic("orders")->id == kNew);
  CHECK(again.topic("orders")->partitions.empty());
  CHECK_FALSE(again.topic(kOld));
  CHECK(again.settings_of_topic("orders") == Settings{{"retention.ms", "1"}});
}

TEST_CASE("a metadata transaction counts from its end on, and not at all if it is aborted or still open") {
  MetadataLog log;
  log.add(orders()).add(BeginTransactionRecord{}).add(setting("retention.ms", "1"));
  const ClusterMetadata open = read(log);
  CHECK(open.defects().empty());
  REQUIRE(open.notes().size() == 1);
  CHECK(open.notes()[0].find(": 1 records of a metadata transaction that was not ended") !=
        std::string::npos);
  CHECK(open.settings_of_topic("orders").empty());

  MetadataLog aborted = log;
  aborted.add(AbortTransactionRecord{}).add(setting("segment.ms", "2"));
  check_sound(read(aborted));
  CHECK(read(aborted).settings_of_topic("orders") == Settings{{"segment.ms", "2"}});

  log.add(RemoveTopicRecord{kOld}).add(EndTransactionRecord{});
  check_sound(read(log));
  CHECK_FALSE(read(log).topic("orders"));
}

TEST_CASE("an end, an abort, or a begin that has no place is a bad record") {
  CHECK(only_code(read(MetadataLog{}.add(orders()).add(EndTransactionRecord{}))) == DefectCode::bad_record);
  CHECK(only_code(read(MetadataLog{}.add(orders()).add(AbortTransactionRecord{}))) == DefectCode::bad_record);
  MetadataLog nested;
  nested.add(BeginTransactionRecord{})
      .add(orders())
      .add(BeginTransactionRecord{})
      .add(EndTransactionRecord{});
  CHECK(only_code(read(nested)) == DefectCode::bad_record);
  CHECK_FALSE(read(nested).topic("orders"));
}

TEST_CASE("the newest snapshot counts, and of the log what is not below it") {
  MetadataLog log;
  log.add(orders()).add(setting("retention.ms", "1")).snapshot({orders()});
  log.add(setting("segment.ms", "2"));
  log.snapshot({orders(kNew), setting("retention.ms", "3")}).add(setting("segment.bytes", "4"));
  const ClusterMetadata metadata = read(log);
  check_sound(metadata);
  CHECK(metadata.topic("orders")->id == kNew);
  CHECK(metadata.settings_of_topic("orders") == Settings{{"retention.ms", "3"}, {"segment.bytes", "4"}});
  // The log below may be gone.
  MetadataLog later;
  later.add(orders()).snapshot({orders()}).drop_log().add(setting("segment.bytes", "4"));
  check_sound(read(later));
  CHECK(read(later).settings_of_topic("orders") == Settings{{"segment.bytes", "4"}});
}

TEST_CASE("a log that does not begin where the snapshot ends, or at 0, lacks something") {
  MetadataLog log;
  log.add(orders()).snapshot({orders()}).skip(1).drop_log().add(setting("segment.bytes", "4"));
  CHECK(only_code(read(log)) == DefectCode::missing_file);
  CHECK(only_code(read(MetadataLog{}.skip(5).drop_log().add(orders()))) == DefectCode::missing_file);
  CHECK(only_code(read(MetadataLog{}.add(orders()).skip(5).add(replicas(0, {1})))) ==
        DefectCode::offset_order);
}

TEST_CASE("a damaged batch is told once, and what follows is read") {
  MetadataLog log;
  log.add(orders()).add(setting("segment.bytes", "4")).damage_last().add(setting("retention.ms", "1"));
  const ClusterMetadata metadata = read(log);
  CHECK(only_code(metadata) == DefectCode::crc_mismatch);
  CHECK(metadata.settings_of_topic("orders") == Settings{{"retention.ms", "1"}});
}

TEST_CASE("a torn end of the log is a note, a torn snapshot a defect") {
  MetadataLog log;
  log.add(orders()).add(setting("segment.bytes", "4")).cut(3);
  const ClusterMetadata torn = read(log);
  CHECK(torn.defects().empty());
  REQUIRE(torn.notes().size() == 1);
  CHECK(torn.notes()[0].find("a torn end is left out") != std::string::npos);
  CHECK(torn.settings_of_topic("orders").empty());

  MetadataLog snapshot;
  snapshot.add(orders()).snapshot({orders()});
  check_sound(read(snapshot));
  MetadataLog cut = snapshot;
  CHECK(only_code(read(cut.cut_snapshot(3))) == DefectCode::torn_tail);
  // The footer is gone without a trace.
  const ClusterMetadata whole_batches = read(snapshot.cut_snapshot(72));
  CHECK(only_code(whole_batches) == DefectCode::truncated);
  CHECK(whole_batches.topic("orders"));
}

TEST_CASE("a record that makes no sense is told with its offset, as is one of a topic that is not there") {
  const ClusterMetadata metadata =
      read(MetadataLog{}.add(orders()).add_value(as_bytes("\x01\x02")).add(replicas(0, {1})));
  CHECK(only_code(metadata) == DefectCode::truncated);
  CHECK(metadata.defects()[0].defect.offset == Offset{1});
  CHECK(metadata.partition(kOld, 0));
  CHECK(only_code(read(MetadataLog{}.add_value({}))) == DefectCode::truncated);
  CHECK(only_code(read(MetadataLog{}.add(replicas(0, {1})))) == DefectCode::bad_record);
  CHECK(only_code(read(MetadataLog{}.add(RemoveTopicRecord{kOld}))) == DefectCode::bad_record);
  CHECK(only_code(read(MetadataLog{}.add(orders()).add(PartitionChangeRecord{.topic_id = kOld}))) ==
        DefectCode::bad_record);
}

TEST_CASE("no more than 100 defects of the metadata are kept") {
  MetadataLog log;
  for (int i = 0; i < 150; ++i) log.add_value({});
  CHECK(read(log).defects().size() == 100);
}

TEST_CASE("whichever byte of the metadata is wrong, it says so or what it says is right") {
  MetadataLog log;
  log.add(orders()).snapshot({orders(), setting("retention.ms", "1")});
  log.add(replicas(0, {1, 2})).add(replicas(1, {3})).add(setting("segment.ms", "2"));
  const TemporaryFolder temporary;
  const Path folder = log.write(temporary.path());
  for (const auto& [file, bytes] : read_folder(folder)) {
    CAPTURE(file);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      CAPTURE(i);
      for (const int bit : {0, 7}) {
        ByteBuffer flipped = bytes;
        flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ 1 << bit);
        write_whole_file(folder / file, flipped);
        const ClusterMetadata metadata = ClusterMetadata::read(posix_file_system(), folder);
        if (!metadata.defects().empty() || !metadata.notes().empty()) continue;
        CHECK(metadata.topic("orders") != nullptr);
        CHECK(metadata.settings_of_topic("orders") == Settings{{"retention.ms", "1"}, {"segment.ms", "2"}});
        REQUIRE(metadata.partition(kOld, 1) != nullptr);
        CHECK(metadata.partition(kOld, 0)->replicas == std::vector<std::int32_t>{1, 2});
        CHECK(metadata.partition(kOld, 1)->replicas == std::vector<std::int32_t>{3});
      }
    }
    write_whole_file(folder / file, bytes);
  }
}

TEST_CASE("the metadata is found in a log directory, or where it is named itself") {
  const TemporaryFolder root;
  FileSystem& files = posix_file_system();
  CHECK_FALSE(find_cluster_metadata(files, root.path()));
  const Path folder = MetadataLog{}.add(orders()).write(root.path());
  CHECK(find_cluster_metadata(files, root.path()) == folder);
  CHECK(find_cluster_metadata(files, folder) == folder);
  CHECK(find_cluster_metadata(files, folder / "") == folder / "");
  CHECK_FALSE(find_cluster_metadata(files, folder / "00000000000000000000.log"));
}

TEST_CASE("a broker takes a folder for its own if name, id, partition and replicas are the metadata's") {
  MetadataLog log;
  log.add(orders(kOld)).add(replicas(0, {1, 2})).add(TopicRecord{.name = "other", .topic_id = kNew});
  const ClusterMetadata metadata = read(log);
  CHECK(metadata.assignment({"orders", 0}, kOld, 1) == Assignment::assigned);
  CHECK(metadata.assignment({"orders", 0}, kOld, std::nullopt) == Assignment::assigned);
  CHECK_FALSE(is_stray(Assignment::assigned));
  CHECK(metadata.assignment({"orders", 0}, kOld, 3) == Assignment::other_brokers);
  CHECK(is_stray(Assignment::other_brokers));
  CHECK(metadata.assignment({"orders", 1}, kOld, 1) == Assignment::unknown_partition);
  CHECK(metadata.assignment({"orders", 0}, kNew, 1) == Assignment::other_topic);
  CHECK(metadata.assignment({"orders", 0}, Uuid{}, 1) == Assignment::other_topic);
  CHECK(metadata.assignment({"gone", 0}, kOld, 1) == Assignment::other_topic);
  CHECK(metadata.assignment({"gone", 0}, Uuid{}, 1) == Assignment::unknown_topic);
  CHECK(metadata.assignment({"orders", 0}, std::nullopt, 1) == Assignment::no_topic_id);
  CHECK(metadata.assignment({"__cluster_metadata", 0}, std::nullopt, 1) == Assignment::assigned);
  CHECK(name(Assignment::other_brokers) == "other_brokers");
}

TEST_CASE("a real broker's folders are all assigned to it, and to no other") {
  FileSystem& files = posix_file_system();
  for (const char* const directory : {"cluster-a", "compaction/0-before", "compaction/1-first-round",
                                      "compaction/2-second-round", "compaction/3-third-round"}) {
    CAPTURE(directory);
    const Path root = kBroker / directory;
    const auto metadata = ClusterMetadata::read(files, *find_cluster_metadata(files, root));
    check_sound(metadata);
    const auto owner = LogDir::at(files, root)->read_meta_properties();
    REQUIRE(owner);
    REQUIRE(owner->has_value());
    std::size_t folders = 0;
    std::size_t partitions = 0;
    for (const DirectoryEntry& entry : files.list(root)) {
      const auto folder = entry.is_directory ? parse_partition_folder_name(entry.name) : std::nullopt;
      if (!folder || folder->partition.topic == kClusterMetadataTopic) continue;
      CAPTURE(entry.name);
      ++folders;
      const auto id = decode_partition_metadata(read_file(files, root / entry.name / kPartitionMetadata));
      REQUIRE(id);
      CHECK(metadata.assignment(folder->partition, id->topic_id, (*owner)->node_id) == Assignment::assigned);
      CHECK(metadata.assignment(folder->partition, id->topic_id, 77) == Assignment::other_brokers);
      const auto* const partition = metadata.partition(id->topic_id, folder->partition.partition);
      REQUIRE(partition);
      REQUIRE(partition->directories.size() == 1);
      CHECK(partition->directories[0] == *(*owner)->directory_id);
    }
    for (const auto& [id, topic] : metadata.topics()) partitions += topic.partitions.size();
    CHECK(folders == partitions);
    CHECK(folders > 5);
  }
}

TEST_CASE("a real snapshot says what the log that it replaced said") {
  FileSystem& files = posix_file_system();
  const Path source = kBroker / "cluster-a" / "__cluster_metadata-0";
  const ClusterMetadata with = ClusterMetadata::read(files, source);
  const TemporaryFolder temporary;
  const Path folder = temporary.path() / "__cluster_metadata-0";
  FolderFiles kept;
  for (const auto& [name, bytes] : read_folder(source)) {
    if (!parse_metadata_snapshot_name(name)) kept[name] = bytes;
  }
  std::filesystem::create_directories(folder);
  write_folder(folder, kept);
  const ClusterMetadata without = ClusterMetadata::read(files, folder);
  check_sound(with);
  check_sound(without);
  REQUIRE(with.topics().size() == 23);
  REQUIRE(without.topics().size() == with.topics().size());
  for (const auto& [id, topic] : with.topics()) {
    CAPTURE(topic.name);
    REQUIRE(without.topic(id));
    CHECK(without.topic(id)->name == topic.name);
    CHECK(without.settings_of_topic(topic.name) == with.settings_of_topic(topic.name));
    REQUIRE(without.topic(id)->partitions.size() == topic.partitions.size());
    for (const auto& [number, partition] : topic.partitions) {
      CHECK(without.partition(id, number)->replicas == partition.replicas);
      CHECK(without.partition(id, number)->directories == partition.directories);
    }
  }
  CHECK(without.settings_of_all_brokers() == with.settings_of_all_brokers());
  CHECK(without.settings_of_broker(1) == with.settings_of_broker(1));
}

TEST_CASE("the metadata of a killed broker is read as far as it goes") {
  FileSystem& files = posix_file_system();
  const auto metadata =
      ClusterMetadata::read(files, *find_cluster_metadata(files, kBroker / "unclean" / "torn"));
  CHECK(metadata.defects().empty());
  CHECK(metadata.topic("torn"));
  CHECK(metadata.settings_of_topic("compacted").at("cleanup.policy") == "compact");
}

}  // namespace
}  // namespace kseg
