// What a TARGET on the command line is.
#pragma once

#include <optional>

#include "formats/file_names.h"
#include "lib/file_system.h"

namespace kseg {

enum class TargetKind {
  log_directory,
  partition_folder,
  log,  // `.log`, also with .deleted, .cleaned or .swap behind it; so the next four, and copies of the
        // indexes of segments in tiered storage
  offset_index,
  time_index,
  transaction_index,
  producer_snapshot,
  metadata_snapshot,  // `<offset>-<epoch>.checkpoint`, bootstrap.checkpoint
  offset_checkpoint,  // one of a log directory's four
  leader_epochs,
  meta_properties,
  partition_metadata,
  quorum_state,
  clean_shutdown,
};

// A file's kind is in its name. A folder with segment files is a partition folder; one with partition
// folders or a log directory's own files is a log directory. Nothing for anything else. Throws
// IoError if there is no such file.
std::optional<TargetKind> target_kind(FileSystem& files, const Path& target);

std::optional<TargetKind> file_kind(std::string_view file_name);

// The partition that a folder, or the folder around a file, is named after.
std::optional<PartitionFolderName> partition_of_folder(const Path& folder);

}  // namespace kseg
