#include "tests/support/log_builder.h"

#include <stdexcept>

#include "tests/support/notation.h"

namespace kseg {
namespace {

std::optional<ByteBuffer> owned(const std::optional<std::string>& text) {
  return text ? std::optional<ByteBuffer>{std::in_place, text->begin(), text->end()} : std::nullopt;
}

}  // namespace

LogBuilder LogBuilder::from_notation(std::string_view text) {
  return LogBuilder(log_of(text));
}

LogBuilder& LogBuilder::segment(std::int64_t base) {
  log_.segments.push_back({.base = {base}});
  written_ = false;
  return *this;
}

LogBuilder& LogBuilder::batch(std::initializer_list<KeyValue> records, Codec codec) {
  const Offset base = log_.end_offset();
  std::vector<RecordModel> models;
  for (const KeyValue& record : records) {
    const Offset offset = base + static_cast<std::int64_t>(models.size());
    models.push_back({.offset = offset,
                      .timestamp_ms = offset.value,
                      .key = owned(record.key),
                      .value = owned(record.value)});
  }
  const RecordBatchHeader header{.base_offset = base,
                                 .partition_leader_epoch = 0,
                                 .attributes = static_cast<std::int16_t>(codec),
                                 .last_offset_delta = static_cast<std::int32_t>(models.size()) - 1};
  return append(make_batch(header, models));
}

LogBuilder& LogBuilder::append(std::string_view notation) {
  if (const auto defect = append_notation(notation, log_)) {
    throw std::invalid_argument(std::string(notation) + ": " + describe(*defect));
  }
  written_ = false;
  return *this;
}

LogBuilder& LogBuilder::append(BatchModel batch) {
  if (log_.segments.empty()) segment(batch.header.base_offset.value);
  log_.segments.back().batches.push_back(std::move(batch));
  written_ = false;
  return *this;
}

LogBuilder& LogBuilder::options(FolderOptions options) {
  options_ = std::move(options);
  written_ = false;
  return *this;
}

LogBuilder& LogBuilder::in_log_dir(std::string topic, std::int32_t partition, RootEntry root) {
  root.partition = {std::move(topic), partition};
  path_ = temporary_.path() / "log-dir" / to_string(root.partition);
  root_ = std::move(root);
  written_ = false;
  return *this;
}

LogBuilder& LogBuilder::flip_byte(std::size_t batch, std::size_t offset_in_batch) {
  flips_.emplace_back(place_of(batch), offset_in_batch);
  written_ = false;
  return *this;
}

Position LogBuilder::position_of(std::size_t batch) const {
  return place_of(batch).position;
}

LogBuilder::Place LogBuilder::place_of(std::size_t batch) const {
  for (const SegmentModel& segment : log_.segments) {
    Position position;
    for (const BatchModel& model : segment.batches) {
      if (batch-- == 0) return {.base = segment.base, .position = position};
      position = position + model.bytes.size();
    }
  }
  throw std::out_of_range("no such batch");
}

const Path& LogBuilder::path() {
  if (!written_) write();
  written_ = true;
  return path_;
}

Path LogBuilder::file(SegmentFileKind kind, std::int64_t offset) {
  return path() / to_string(SegmentFileName{kind, {offset}});
}

void LogBuilder::write() {
  FolderFiles files = to_files(log_, options_);
  for (const auto& [place, offset_in_batch] : flips_) {
    ByteBuffer& bytes = files.at(to_string(SegmentFileName{SegmentFileKind::log, place.base}));
    std::uint8_t& byte = bytes.at(static_cast<std::size_t>(place.position.value) + offset_in_batch);
    byte = static_cast<std::uint8_t>(~byte);
  }
  std::filesystem::remove_all(path_);
  write_folder(path_, files);
  set_mtimes(path_, log_);
  if (!root_) return;
  RootEntry entry = *root_;
  entry.end_offset = log_.end_offset();
  write_root(path_.parent_path(), {entry});
}

}  // namespace kseg
