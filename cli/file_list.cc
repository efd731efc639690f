#include "cli/file_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/counted.h"
#include "cli/size_argument.h"
#include "formats/file_description.h"
#include "lib/unless_missing.h"

namespace kseg {
namespace {

constexpr std::string_view kUnknown = "not known: no broker makes it";

struct Listed {
  std::string path;
  bool is_folder = false;
  std::uint64_t size_bytes = 0;
  std::optional<std::string> what;
};

class FileList {
 public:
  FileList(FileSystem& files, Output& output) : files_(files), output_(output) {}

  void take(const Path& folder) {
    auto entries = unless_missing([&] { return files_.list(folder); });
    if (!entries) return;
    std::sort(entries->begin(), entries->end(),
              [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
    for (const DirectoryEntry& entry : *entries) {
      const Path path = folder / entry.name;
      if (entry.is_directory) {
        auto what = describe_folder(entry.name);
        const bool known = what.has_value();
        listed_.push_back({.path = path.native() + "/", .is_folder = true, .what = std::move(what)});
        if (known) take(path);
      } else if (const auto info = files_.info(path)) {
        listed_.push_back(
            {.path = path.native(), .size_bytes = info->size_bytes, .what = describe_file(entry.name)});
      }
    }
  }

  void show() { output_.json() ? show_json() : show_text(); }

 private:
  void show_json() {
    std::uint64_t unknown = 0;
    for (const Listed& listed : listed_) {
      unknown += listed.what ? 0 : 1;
      Row row = output_.row(listed.is_folder ? "folder" : "file");
      row.field("path", listed.path);
      if (!listed.is_folder) row.field("size", listed.size_bytes);
      row.field("what", listed.what).end();
    }
    output_.row("summary").field("entries", listed_.size()).field("unknown", unknown).end();
  }

  void show_text() {
    std::size_t widest = 0;
    std::uint64_t bytes = 0;
    std::uint64_t unknown = 0;
    for (const Listed& listed : listed_) {
      widest = std::max(widest, listed.path.size());
      bytes += listed.size_bytes;
      unknown += listed.what ? 0 : 1;
    }
    for (const Listed& listed : listed_) {
      output_.print("{:<{}}  {:>10}  {}", listed.path, widest,
                    listed.is_folder ? "" : format_size_bytes(listed.size_bytes),
                    listed.what ? *listed.what : std::string(kUnknown));
    }
    output_.print("{}, {}, {} not known", count(listed_.size(), "entry", "entries"), format_size_bytes(bytes),
                  unknown);
  }

  FileSystem& files_;
  Output& output_;
  std::vector<Listed> listed_;
};

}  // namespace

void list_files(FileSystem& files, const std::vector<Path>& folders, Output& output) {
  FileList list(files, output);
  for (const Path& folder : folders) list.take(folder);
  list.show();
}

}  // namespace kseg
