#include "lib/repair.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "formats/checkpoint_file.h"
#include "lib/batch_salvage.h"
#include "lib/folder_copy.h"
#include "lib/group_output.h"
#include "lib/segment_swap.h"

namespace kseg {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;
// More than any batch that a broker takes by default, and nothing to fear for memory.
constexpr std::uint64_t kMostSalvagedBytes = std::uint64_t{64} << 20;

Path folder_of(const Path& path) {
  return path.has_parent_path() ? path.parent_path() : Path(".");
}

template <typename Take>
void each_piece(File& file, Position begin, Position end, Take take) {
  ByteBuffer buffer(std::min<std::uint64_t>(kCopyBytes, end - begin));
  while (begin < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - begin));
    if (file.read_at(begin, std::span(buffer).first(wanted)) != wanted) {
      throw IoError(file.path(), "read, as it has become shorter,", EIO);
    }
    take(Bytes{buffer}.first(wanted));
    begin = begin + wanted;
  }
}

bool is_zeros(File& file, Position begin, Position end) {
  bool zeros = true;
  each_piece(file, begin, end, [&](Bytes piece) {
    zeros = zeros && std::all_of(piece.begin(), piece.end(), [](std::uint8_t byte) { return byte == 0; });
  });
  return zeros;
}

// Appends what can be read of the batch that begins with the damage to `out`.
std::uint32_t salvage(File& file, const DamagedRange& range, BatchSalvage& salvager, ByteBuffer& out) {
  ByteBuffer damaged(std::min(kMostSalvagedBytes, range.size_bytes()));
  damaged.resize(file.read_at(range.begin, damaged));
  return salvager.append(damaged, range.offsets, out);
}

[[noreturn]] void refuse_change(const Path& file) {
  throw IoError(file, "copy, as it has changed since it was looked at,", EIO);
}

}  // namespace

std::variant<Repair, Refusal> Repair::plan(FileSystem& files, RepairRequest request) {
  Repair repair(files, std::move(request));
  if (auto refusal = repair.look()) return std::move(*refusal);
  return repair;
}

std::uint64_t Repair::bytes_cut() const {
  std::uint64_t bytes = 0;
  for (const Cut& cut : cuts_) bytes += cut.range.size_bytes();
  return bytes;
}

std::optional<Refusal> Repair::look() {
  if (auto refusal = check_folders()) return refusal;
  log_ = PartitionLog::open(*files_, request_.partition);
  if (log_.segments().empty()) return refuse_no_segment(request_.partition);
  if (auto refusal = refuse_listing(log_)) return refusal;
  if (log_.name() && log_.name()->partition.topic == kClusterMetadataTopic) {
    return Refusal{
        .reason = fmt::format("{}: the metadata log is the controllers' own", request_.partition.string()),
        .hint = "delete the folder, and let the controller replicate it"};
  }
  const Path epochs = request_.partition / kLeaderEpochCheckpoint;
  if (files_->info(epochs)) {
    const auto entries = decode_leader_epoch_checkpoint(read_file(*files_, epochs));
    if (!entries) bad_epochs_ = {epochs, entries.error()};
  }
  for (std::size_t i = 0; i < log_.segments().size(); ++i) {
    if (auto refusal = look_at(i)) return refusal;
  }
  return std::nullopt;
}

std::optional<Refusal> Repair::check_folders() const {
  if (request_.quarantine &&
      (LogDir::at(*files_, *request_.quarantine) || LogDir::parent_of(*files_, *request_.quarantine))) {
    return Refusal{.reason = fmt::format("{}: lies in a log directory", request_.quarantine->string()),
                   .hint = "a broker does not start if there is a folder that is no partition's"};
  }
  if (request_.in_place()) return std::nullopt;
  if (files_->info(*request_.output)) {
    return Refusal{.reason = fmt::format("{}: is there already", request_.output->string()),
                   .hint = "give the name of a new folder"};
  }
  if (LogDir::is_root(*files_, folder_of(*request_.output))) {
    return Refusal{
        .reason = fmt::format("{}: lies in a log directory, where a broker would not start beside it",
                              request_.output->string()),
        .hint = "give a folder outside of any log directory"};
  }
  return std::nullopt;
}

std::optional<Refusal> Repair::look_at(std::size_t index) {
  const auto& segments = log_.segments();
  const Segment& segment = segments[index];
  OffsetRange allowed{.begin = segment.base_offset};
  if (index + 1 < segments.size()) allowed.end = segments[index + 1].base_offset;
  auto found = SoundBatches::of(*files_, segment, allowed);
  if (const Defect* defect = std::get_if<Defect>(&found)) {
    return Refusal{.reason = fmt::format("{}: its offsets are not those that the segments' names leave it",
                                         segment.log.string()),
                   .hint =
                       "rename the files of the segment whose name is wrong, or move away what is there "
                       "twice, and repair again",
                   .defects = {{segment.log, *defect}}};
  }
  SoundBatches& sound = std::get<SoundBatches>(found);
  batches_ += sound.batches;
  records_ += sound.records;
  if (sound.damaged.empty()) return std::nullopt;

  Damaged damaged{
      .runs = std::move(sound.runs), .first_cut = cuts_.size(), .cut_count = sound.damaged.size()};
  damaged_.emplace(index, std::move(damaged));
  const auto file = files_->open(segment.log);
  BatchSalvage salvager;
  ByteBuffer rebuilt;
  for (DamagedRange& range : sound.damaged) {
    Cut cut{.file = segment.log, .range = std::move(range)};
    cut.zeros = is_zeros(*file, cut.range.begin, cut.range.end);
    if (!cut.zeros) {
      rebuilt.clear();
      cut.salvageable_records = salvage(*file, cut.range, salvager, rebuilt);
    }
    cuts_.push_back(std::move(cut));
  }
  return std::nullopt;
}

std::optional<Refusal> Repair::carry_out() {
  return request_.in_place() ? carry_out_in_place() : carry_out_to_output();
}

std::optional<Refusal> Repair::carry_out_in_place() {
  const Path& folder = request_.partition;
  const auto root = LogDir::parent_of(*files_, folder);
  std::optional<ByteBuffer> mark;
  if (root && root->cleanly_shut_down()) {
    mark = read_file(*files_, root->path() / kCleanShutdownFile);
    files_->remove(root->path() / kCleanShutdownFile);
    files_->sync_directory(root->path());
  }
  const Path aside = make_aside(folder);
  if (bad_epochs_) set_bad_epochs_aside(aside);
  for (const Cut& cut : cuts_) keep(cut, aside);
  for (const auto& [index, damaged] : damaged_) {
    const auto outputs = write(index, folder, FileState::cleaned);
    swap_in(*files_, log_, std::span{log_.segments()}.subspan(index, 1), outputs);
  }
  auto refusal = derive(folder);
  if (mark) replace_file(*files_, root->path() / kCleanShutdownFile, *mark);
  return refusal;
}

std::optional<Refusal> Repair::carry_out_to_output() {
  FolderCopy copy(*files_, request_.partition, *request_.output);
  std::vector<std::string> replaced;
  if (bad_epochs_) replaced.emplace_back(kLeaderEpochCheckpoint);
  for (const auto& [index, damaged] : damaged_) {
    const Segment& segment = log_.segments()[index];
    replaced.push_back(segment.log.filename());
    for (const auto& file : {segment.offset_index, segment.time_index, segment.transaction_index}) {
      if (file) replaced.push_back(file->filename());
    }
  }
  copy.copy_rest(replaced);
  const Path aside = make_aside(copy.folder());
  if (bad_epochs_) set_bad_epochs_aside(aside);
  for (const Cut& cut : cuts_) keep(cut, aside);
  for (const auto& [index, damaged] : damaged_) write(index, copy.folder(), FileState::current);
  if (auto refusal = derive(copy.folder())) return refusal;
  copy.publish();
  if (request_.quarantine) return std::nullopt;
  for (Path& path : kept_) {
    if (!path.empty()) path = *request_.output / path.filename();
  }
  return std::nullopt;
}

// Where the cut bytes go: of the quarantine a folder with the partition's name.
Path Repair::make_aside(const Path& folder) {
  if (!request_.quarantine || (cuts_.empty() && !bad_epochs_)) return folder;
  const Path aside = *request_.quarantine / request_.partition.filename();
  for (const Path& made : {*request_.quarantine, aside}) {
    if (files_->info(made)) continue;
    files_->make_directory(made, 0755);
    files_->sync_directory(folder_of(made));
  }
  return aside;
}

// The number in front is what makes a broker take a file for its own, and a suffix; here it finds neither.
Path Repair::unused_name(const Path& folder, const std::string& name, Position position) const {
  const Path wanted = folder / fmt::format("cut-{}-{}", name, position);
  Path path = wanted;
  for (int number = 2; files_->info(path); ++number) {
    path = wanted;
    path += fmt::format(".{}", number);
  }
  return path;
}

void Repair::set_bad_epochs_aside(const Path& to_folder) {
  const Path path = unused_name(to_folder, std::string(kLeaderEpochCheckpoint), {});
  replace_file(*files_, path, read_file(*files_, bad_epochs_->file));
  if (!request_.in_place()) return;
  files_->remove(bad_epochs_->file);
  files_->sync_directory(request_.partition);
}

void Repair::keep(const Cut& cut, const Path& folder) {
  kept_.emplace_back();
  if (cut.zeros) return;
  const auto source = files_->open(cut.file);
  const Path path = unused_name(folder, cut.file.filename().string(), cut.range.begin);
  const FileInfo info = source->info();
  const auto target = files_->create(path, info.mode);
  if (geteuid() == 0) files_->set_owner(path, info.user_id, info.group_id);
  each_piece(*source, cut.range.begin, cut.range.end, [&](Bytes piece) { target->append(piece); });
  target->sync();
  files_->sync_directory(folder);
  kept_.back() = path;
}

// The segment without its damage, complete and on the disk, under names of `state` in `folder`.
std::vector<Offset> Repair::write(std::size_t index, const Path& folder, FileState state) {
  const Segment& segment = log_.segments()[index];
  const Damaged& damaged = damaged_.at(index);
  const auto source = files_->open(segment.log);
  SegmentWriter::Options options{.folder = folder,
                                 .base_offset = segment.base_offset,
                                 .state = state,
                                 .index_interval_bytes = request_.index_interval_bytes,
                                 .mode = source->info().mode,
                                 .owner = std::nullopt};
  if (geteuid() == 0) {
    const auto owner = files_->info(request_.partition);
    options.owner = {owner->user_id, owner->group_id};
  }
  GroupOutput output(*files_, std::move(options), Split::never);
  const auto append = [&](std::span<const RecordBatchHeader> headers, Bytes batches) {
    if (output.append(headers, batches)) refuse_change(segment.log);
  };

  BatchSalvage salvager;
  ByteBuffer rebuilt;
  std::size_t cut = damaged.first_cut;
  const std::size_t last_cut = damaged.first_cut + damaged.cut_count;
  const auto append_salvaged = [&](Position before) {
    for (; cut < last_cut && cuts_[cut].range.begin < before; ++cut) {
      if (!request_.salvage || cuts_[cut].salvageable_records == 0) continue;
      rebuilt.clear();
      if (salvage(*source, cuts_[cut].range, salvager, rebuilt) == 0) refuse_change(segment.log);
      const auto header = decode_record_batch_header(rebuilt);
      append(std::span(&*header, 1), rebuilt);
    }
  };
  BatchChunk chunk;
  std::vector<RecordBatchHeader> headers;
  for (const BatchRun& run : damaged.runs) {
    append_salvaged(run.begin);
    if (chunk.read(*source, run)) refuse_change(segment.log);
    headers.clear();
    for (const RecordBatchView& batch : chunk.batches()) headers.push_back(batch.header);
    append(headers, chunk.bytes());
  }
  append_salvaged({segment.size_bytes + 1});

  // As it was, so that a broker that starts before the recovery below is done hides what was aborted.
  bool has_transactions = false;
  if (segment.transaction_index) {
    const auto entries =
        decode_transaction_index(read_file(*files_, *segment.transaction_index), segment.base_offset);
    if (entries) {
      has_transactions = !entries->empty();
      for (const AbortedTxn& txn : *entries) output.append(txn);
    }
    if (!has_transactions) output.replace_transaction_index();
  }
  if (const auto defect = output.finish(segment.mtime_ns, 1)) {
    throw IoError(defect->file, "read back what was written to", EIO);
  }
  output.keep();
  return output.base_offsets();
}

std::optional<Refusal> Repair::derive(const Path& folder) {
  auto planned = Recovery::plan(*files_, {.partition = folder,
                                          .recovery_point = Offset{0},
                                          .log_start = request_.log_start,
                                          .index_interval_bytes = request_.index_interval_bytes,
                                          .segment_index_bytes = request_.segment_index_bytes,
                                          .now_ms = request_.now_ms,
                                          .producer_expiration_ms = request_.producer_expiration_ms});
  if (auto* refusal = std::get_if<Refusal>(&planned)) return std::move(*refusal);
  Recovery& recovery = std::get<Recovery>(planned);
  if (recovery.bytes_lost() > 0) {
    Refusal refusal{.reason = fmt::format("{}: a broker's recovery would cut {} bytes more",
                                          request_.partition.string(), recovery.bytes_lost()),
                    .hint = "the batches are sound, but not one behind the other"};
    for (const RecoveryStep& step : recovery.steps()) {
      if (step.defect) refusal.defects.push_back({step.file, *step.defect});
    }
    return refusal;
  }
  recovery.carry_out();
  derived_ = recovery.steps();
  return std::nullopt;
}

}  // namespace kseg
