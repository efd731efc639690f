#include "lib/producer_snapshot_file.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "formats/producer_snapshot.h"
#include "tests/support/log_folder.h"
#include "tests/support/temporary_folder.h"

namespace kseg {
namespace {

TEST_CASE("a snapshot that a broker is still writing is read when it is whole") {
  const TemporaryFolder folder;
  const Path path = folder.path() / "00000000000000000003.snapshot";
  ByteBuffer whole;
  encode_producer_snapshot({{.producer_id = 7, .producer_epoch = 0, .last_offset = {2}}}, whole);
  write_whole_file(path, {});
  std::thread broker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    write_whole_file(path, whole);
  });
  const ByteBuffer read = read_producer_snapshot(posix_file_system(), path);
  broker.join();
  CHECK(read == whole);
}

TEST_CASE("a snapshot that stays damaged is returned as it is") {
  const TemporaryFolder folder;
  const Path path = folder.path() / "00000000000000000003.snapshot";
  write_whole_file(path, as_bytes("no snapshot"));
  CHECK(as_text(read_producer_snapshot(posix_file_system(), path)) == "no snapshot");
}

}  // namespace
}  // namespace kseg
