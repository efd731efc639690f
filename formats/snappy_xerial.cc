#include "formats/snappy_xerial.h"

#include <snappy.h>

#include <array>
#include <optional>

#include "formats/byte_writer.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr auto kMagicHead = static_cast<std::int32_t>(0x82534e41);  // its first 4 bytes
constexpr std::int32_t kVersion = 1;
constexpr std::size_t kHeaderSize = 16;
constexpr std::size_t kChunkSize = 32768;          // uncompressed, as written
constexpr std::int32_t kMaxBlockSize = 536870912;  // compressed, as read

// The best a block can do is copies of 64 bytes, 3 bytes each: 21.3 to 1.
constexpr std::uint64_t kMaxRatio = 22;

std::optional<Defect> decode_block(Bytes block, Position at, GrowingOutput& out) {
  const std::string_view text = as_text(block);
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(text.data(), text.size(), &size)) {
    return bad_compression(at, "the length of a snappy block", fmt::format("{} bytes", block.size()));
  }
  if (size > kMaxRatio * block.size()) {
    return bad_compression(at, fmt::format("a length that {} bytes can hold", block.size()),
                           fmt::format("{}", size));
  }
  if (size > out.left()) return out.past_limit(at);
  const auto room = out.room(size);
  char none = 0;  // never null, also where there is nothing to write
  char* to = room.empty() ? &none : reinterpret_cast<char*>(room.data());
  if (!snappy::RawUncompress(text.data(), text.size(), to)) {
    return bad_compression(at, fmt::format("a snappy block of {} bytes", size), "bytes that are none");
  }
  out.commit(size);
  return std::nullopt;
}

}  // namespace

Result<std::size_t> decode_snappy_xerial(Bytes input, GrowingOutput& out) {
  if (input.empty()) return Defect{.code = DefectCode::truncated, .position = {}};
  if (input.size() < kHeaderSize || !same_bytes(input.first(kMagic.size()), kMagic)) {
    if (auto defect = decode_block(input, {}, out)) return *defect;
    return std::size_t{0};
  }
  Cursor in(input);
  in.bytes(kHeaderSize);  // its version is not looked at
  while (in.remaining() >= sizeof(std::int32_t)) {
    const Position at = in.position();
    const std::int32_t size = in.i32();
    if (size == kMagicHead) {  // another header: streams were concatenated
      const Bytes rest_of_magic = in.bytes(kMagic.size() - sizeof(std::int32_t));
      const std::int32_t version = in.i32();
      in.i32();  // the oldest version that can read this: not looked at
      if (!in.ok()) return *in.defect();
      if (!same_bytes(rest_of_magic, Bytes{kMagic}.subspan(sizeof(std::int32_t))) || version < kVersion) {
        return bad_compression(at, "a snappy header of version 1 or above",
                               fmt::format("version {}", version));
      }
      continue;
    }
    if (size < 0 || size > kMaxBlockSize) {
      return bad_compression(at, fmt::format("a chunk of 0 to {} bytes", kMaxBlockSize),
                             fmt::format("{}", size));
    }
    const Position block_at = in.position();
    const Bytes block = in.bytes(size);
    if (!in.ok()) return *in.defect();
    if (auto defect = decode_block(block, block_at, out)) return *defect;
  }
  return in.remaining();
}

void encode_snappy_xerial(Bytes input, ByteBuffer& out) {
  ByteWriter to(out);
  to.bytes(kMagic);
  to.i32(kVersion);
  to.i32(kVersion);
  std::array<char, 32 + kChunkSize + kChunkSize / 6> block;  // snappy::MaxCompressedLength(kChunkSize)
  while (!input.empty()) {
    const std::string_view chunk = as_text(input.first(std::min(input.size(), kChunkSize)));
    std::size_t size = 0;
    snappy::RawCompress(chunk.data(), chunk.size(), block.data(), &size);
    to.i32(static_cast<std::int32_t>(size));
    to.bytes(as_bytes({block.data(), size}));
    input = input.subspan(chunk.size());
  }
}

}  // namespace kseg
