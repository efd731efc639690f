#include "formats/lz4_frame.h"

#include <lz4.h>
#include <lz4hc.h>
#include <xxhash.h>

#include <array>
#include <optional>

#include "formats/byte_writer.h"
#include "formats/check.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

constexpr std::uint32_t kMagic = 0x04224d18;  // as bytes in file order
constexpr unsigned kVersionMask = 0xc0;
constexpr unsigned kVersion1 = 0x40;
constexpr unsigned kIndependentBlocks = 0x20;
constexpr unsigned kBlockChecksum = 0x10;
constexpr unsigned kContentSize = 0x08;
constexpr unsigned kContentChecksum = 0x04;
constexpr unsigned kReservedFlags = 0x03;
constexpr unsigned kReservedInDescriptor = 0x8f;
constexpr std::uint32_t kStored = 0x80000000;

// Magic, flags, block descriptor and checksum of what Kafka writes.
constexpr std::array<std::uint8_t, 7> kWrittenHeader = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82};
constexpr std::uint8_t kChecksumOfMagic0 = 0x1a;  // of the magic number as well
constexpr std::size_t kWrittenBlockSize = 65536;
constexpr int kFastLevel = 9;  // Kafka's default, by which it means its fast compressor

// A byte of a block yields at most 255: one more in the length of a match.
constexpr std::size_t kMaxRatio = 255;

struct FrameHeader {
  std::size_t max_block_size;
  bool block_checksums;
  bool content_checksum;
};

std::uint32_t little_endian_u32(Cursor& in) {
  return __builtin_bswap32(in.u32());
}

Result<FrameHeader> decode_header(Bytes input, Framing framing, Cursor& in) {
  const std::uint32_t magic = in.u32();
  const Position flags_at = in.position();
  const auto flags = static_cast<std::uint8_t>(in.i8());
  const auto descriptor = static_cast<std::uint8_t>(in.i8());
  if ((flags & kContentSize) != 0) in.i64();  // not looked at
  const Position checksum_at = in.position();
  const auto checksum = static_cast<std::uint8_t>(in.i8());
  if (!in.ok()) return *in.defect();
  if (magic != kMagic) return bad_compression({}, "04224d18", fmt::format("{:08x}", magic));
  if ((flags & kVersionMask) != kVersion1 || (flags & kIndependentBlocks) == 0 ||
      (flags & kReservedFlags) != 0) {
    return bad_compression(flags_at, "flags of version 1, independent blocks, no dictionary",
                           fmt::format("{:02x}", flags));
  }
  const unsigned size_code = descriptor >> 4;
  if ((descriptor & kReservedInDescriptor) != 0 || size_code < 4) {
    return bad_compression(flags_at + 1, "a block descriptor of 40, 50, 60 or 70",
                           fmt::format("{:02x}", descriptor));
  }
  const Bytes hashed = input.subspan(flags_at.value, checksum_at - flags_at);
  const auto computed = static_cast<std::uint8_t>(XXH32(hashed.data(), hashed.size(), 0) >> 8);
  if (checksum != computed && framing == Framing::standard) {
    return bad_compression(checksum_at, fmt::format("header checksum {:02x}", computed),
                           fmt::format("{:02x}", checksum));
  }
  return FrameHeader{.max_block_size = std::size_t{1} << (8 + 2 * size_code),
                     .block_checksums = (flags & kBlockChecksum) != 0,
                     .content_checksum = (flags & kContentChecksum) != 0};
}

std::optional<Defect> decode_stored(Bytes block, Position at, GrowingOutput& out) {
  if (block.size() > out.left()) return out.past_limit(at);
  std::copy(block.begin(), block.end(), out.room(block.size()).begin());
  out.commit(block.size());
  return std::nullopt;
}

std::optional<Defect> decode_block(Bytes block, Position at, std::size_t max_size, GrowingOutput& out) {
  const std::size_t possible = std::min(max_size, kMaxRatio * block.size());
  auto room = out.room(possible);
  room = room.first(std::min(room.size(), possible));
  const auto* from = reinterpret_cast<const char*>(block.data());
  auto* to = reinterpret_cast<char*>(room.data());
  const int from_size = static_cast<int>(block.size());
  const int to_size = static_cast<int>(room.size());
  const int size = LZ4_decompress_safe(from, to, from_size, to_size);
  if (size >= 0) {
    out.commit(static_cast<std::size_t>(size));
    return std::nullopt;
  }
  const bool fills_what_is_left =
      room.size() < possible && LZ4_decompress_safe_partial(from, to, from_size, to_size, to_size) == to_size;
  if (fills_what_is_left) return out.past_limit(at);
  return bad_compression(at, fmt::format("an lz4 block of at most {} bytes", max_size),
                         "bytes that are none");
}

}  // namespace

Result<std::size_t> decode_lz4_frame(Bytes input, Framing framing, GrowingOutput& out) {
  Cursor in(input);
  const auto header = decode_header(input, framing, in);
  if (!header) return header.error();
  while (true) {
    const Position at = in.position();
    const std::uint32_t size_and_kind = little_endian_u32(in);
    const std::uint32_t size = size_and_kind & ~kStored;
    if (!in.ok()) return *in.defect();
    if (size == 0) break;  // the end mark
    if (size > header->max_block_size) {
      return bad_compression(at, fmt::format("a block of at most {} bytes", header->max_block_size),
                             fmt::format("{}", size));
    }
    const Position block_at = in.position();
    const Bytes block = in.bytes(size);
    const std::uint32_t checksum = header->block_checksums ? little_endian_u32(in) : 0;
    if (!in.ok()) return *in.defect();
    if (header->block_checksums) {
      const std::uint32_t computed = XXH32(block.data(), block.size(), 0);
      if (checksum != computed) {
        return bad_compression(block_at, fmt::format("block checksum {:08x}", computed),
                               fmt::format("{:08x}", checksum));
      }
    }
    const auto defect = (size_and_kind & kStored) != 0
                            ? decode_stored(block, block_at, out)
                            : decode_block(block, block_at, header->max_block_size, out);
    if (defect) return *defect;
  }
  if (header->content_checksum) in.u32();  // must be there, but Kafka does not look at it
  if (!in.ok()) return *in.defect();
  return in.remaining();
}

void encode_lz4_frame(Bytes input, Framing framing, ByteBuffer& out, std::optional<int> level) {
  ByteWriter to(out);
  to.bytes(kWrittenHeader);
  if (framing == Framing::of_magic_0) out.back() = kChecksumOfMagic0;
  while (!input.empty()) {
    const Bytes block = input.first(std::min(input.size(), kWrittenBlockSize));
    const std::size_t size_at = out.size();
    to.u32(0);
    const std::size_t block_at = out.size();
    const int block_size = static_cast<int>(block.size());
    const int bound = LZ4_compressBound(block_size);
    out.resize(block_at + static_cast<std::size_t>(bound));
    const auto* const from = reinterpret_cast<const char*>(block.data());
    auto* const into = reinterpret_cast<char*>(out.data() + block_at);
    const int size = level && *level != kFastLevel ? LZ4_compress_HC(from, into, block_size, bound, *level)
                                                   : LZ4_compress_default(from, into, block_size, bound);
    check(size > 0, "an lz4 block passes its bound");
    out.resize(block_at + static_cast<std::size_t>(size));
    auto size_and_kind = static_cast<std::uint32_t>(size);
    if (size >= block_size) {
      out.resize(block_at);
      to.bytes(block);
      size_and_kind = static_cast<std::uint32_t>(block_size) | kStored;
    }
    for (unsigned i = 0; i < 4; ++i) out[size_at + i] = static_cast<std::uint8_t>(size_and_kind >> (8 * i));
    input = input.subspan(block.size());
  }
  to.u32(0);  // the end mark
}

}  // namespace kseg
