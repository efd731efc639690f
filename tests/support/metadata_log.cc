#include "tests/support/metadata_log.h"

#include <fmt/format.h>

#include "formats/check.h"
#include "formats/control_record.h"
#include "formats/record_batch_builder.h"
#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

void put_batch(std::int64_t offset, std::optional<Bytes> key, Bytes value, ByteBuffer& out) {
  RecordBatchHeader header{.base_offset = Offset{offset}, .partition_leader_epoch = 1};
  if (key) header.attributes = RecordBatchHeader::kControlBit;
  RecordBatchBuilder builder;
  builder.begin(header, std::nullopt);
  builder.add({.offset = Offset{offset}, .timestamp_ms = 1000 + offset, .key = key, .value = value});
  Compressor compressor;
  check(!builder.finish(compressor, out), "a small batch");
}

void put_control_batch(std::int64_t offset, ControlType type, ByteBuffer& out) {
  ByteBuffer key;
  encode_control_key(type, key);
  put_batch(offset, key, {}, out);
}

}  // namespace

MetadataLog& MetadataLog::add_value(Bytes value) {
  last_start_ = log_.size();
  put_batch(next_++, std::nullopt, value, log_);
  return *this;
}

MetadataLog& MetadataLog::add(const MetadataRecord& record) {
  ByteBuffer value;
  encode_metadata_record(record, value);
  return add_value(value);
}

MetadataLog& MetadataLog::snapshot(const std::vector<MetadataRecord>& records) {
  ByteBuffer& out = snapshots_[next_];
  std::int64_t offset = 0;
  put_control_batch(offset++, ControlType::snapshot_header, out);
  for (const MetadataRecord& record : records) {
    ByteBuffer value;
    encode_metadata_record(record, value);
    put_batch(offset++, std::nullopt, value, out);
  }
  put_control_batch(offset, ControlType::snapshot_footer, out);
  return *this;
}

MetadataLog& MetadataLog::drop_log() {
  log_.clear();
  base_ = next_;
  return *this;
}

MetadataLog& MetadataLog::skip(std::int64_t offsets) {
  next_ += offsets;
  return *this;
}

MetadataLog& MetadataLog::damage_last() {
  log_.at(last_start_ + RecordBatchHeader::kSize) ^= 0xff;
  return *this;
}

MetadataLog& MetadataLog::cut(std::size_t bytes) {
  log_.resize(log_.size() - bytes);
  return *this;
}

MetadataLog& MetadataLog::cut_snapshot(std::size_t bytes) {
  ByteBuffer& newest = snapshots_.rbegin()->second;
  newest.resize(newest.size() - bytes);
  return *this;
}

Path MetadataLog::write(const Path& root) const {
  const Path folder = root / "__cluster_metadata-0";
  std::filesystem::create_directories(folder);
  write_whole_file(folder / fmt::format("{:020}.log", base_), log_);
  for (const auto& [offset, bytes] : snapshots_) {
    write_whole_file(folder / fmt::format("{:020}-{:010}.checkpoint", offset, 1), bytes);
  }
  return folder;
}

ClusterMetadata read(const MetadataLog& log) {
  const TemporaryFolder folder;
  return ClusterMetadata::read(posix_file_system(), log.write(folder.path()));
}

MetadataRecord setting(std::string name, std::optional<std::string> value, std::string topic) {
  return ConfigRecord{.resource_name = std::move(topic), .name = std::move(name), .value = std::move(value)};
}

MetadataRecord broker_setting(std::string node, std::string name, std::string value) {
  return ConfigRecord{.resource = ConfigResource::broker,
                      .resource_name = std::move(node),
                      .name = std::move(name),
                      .value = std::move(value)};
}

}  // namespace kseg
