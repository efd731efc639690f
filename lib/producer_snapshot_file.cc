#include "lib/producer_snapshot_file.h"

#include <chrono>
#include <thread>

#include "formats/producer_snapshot.h"

namespace kseg {

ByteBuffer read_producer_snapshot(FileSystem& files, const Path& path) {
  constexpr auto kPause = std::chrono::milliseconds(20);
  constexpr int kPausesAtRest = 3;
  constexpr int kPauses = 50;  // a second: a file that goes on changing is reported as it is
  ByteBuffer bytes = read_file(files, path);
  int at_rest = 0;
  for (int i = 0; i < kPauses && at_rest < kPausesAtRest && !decode_producer_snapshot(bytes); ++i) {
    std::this_thread::sleep_for(kPause);
    ByteBuffer again = read_file(files, path);
    at_rest = again == bytes ? at_rest + 1 : 0;
    bytes = std::move(again);
  }
  return bytes;
}

}  // namespace kseg
