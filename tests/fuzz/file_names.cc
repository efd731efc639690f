// Bytes as the name of a file or folder: what is recognised prints as a name that means the same.
#include "formats/file_names.h"
#include "formats/bytes.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  const std::string_view text = as_text({data, size});
  if (const auto name = parse_segment_file_name(text)) {
    const std::string canonical = to_string(*name);
    check(is_canonical(canonical), "a printed name is canonical");
    check(is_canonical(text) == (canonical == text), "and no other name is");
    check(parse_segment_file_name(canonical) == name, "a printed name means the same");
    check(!breaks_loading(text), "a segment's name does not stop a broker");
  }
  if (const auto folder = parse_partition_folder_name(text);
      folder && folder->kind == PartitionFolderKind::current) {
    const auto again = parse_partition_folder_name(to_string(folder->partition));
    check(again && again->partition == folder->partition, "a printed folder means the same");
  }
  (void)is_topic_name(text);
  (void)breaks_loading(text);
  (void)parse_metadata_snapshot_name(text);
  return 0;
}
