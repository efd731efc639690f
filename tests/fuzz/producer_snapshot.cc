// Bytes as a producer snapshot, with the crc as it is and put right (or nothing deep would be seen).
#include "formats/producer_snapshot.h"
#include "formats/check.h"
#include "formats/crc32c.h"

namespace {

void read(kseg::Bytes file) {
  const auto entries = kseg::decode_producer_snapshot(file);
  if (!entries) return;
  kseg::ByteBuffer encoded;
  kseg::encode_producer_snapshot(*entries, encoded);
  kseg::check(kseg::same_bytes(encoded, file), "a snapshot encodes to itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kCrcPosition = 2;
  constexpr std::size_t kCrcStart = 6;
  read({data, size});
  if (size < kCrcStart) return 0;

  kseg::ByteBuffer sealed(data, data + size);
  const std::uint32_t crc = kseg::crc32c(kseg::Bytes{sealed}.subspan(kCrcStart));
  for (std::size_t i = 0; i < 4; ++i)
    sealed[kCrcPosition + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  read(sealed);
  return 0;
}
