#include "formats/gzip.h"

#include <libdeflate.h>

#include <new>

#include "formats/check.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

constexpr std::uint32_t kMagicAndDeflate = 0x1f8b08;
constexpr unsigned kHeaderChecksum = 0x02;
constexpr unsigned kExtra = 0x04;
constexpr unsigned kName = 0x08;
constexpr unsigned kComment = 0x10;

std::uint16_t little_endian_u16(Cursor& in) {
  return __builtin_bswap16(static_cast<std::uint16_t>(in.i16()));
}
std::uint32_t little_endian_u32(Cursor& in) {
  return __builtin_bswap32(in.u32());
}

void skip_text(Cursor& in) {
  while (in.i8() != 0) {  // a tripped cursor yields zero
  }
}

// Size of the member header at `start`, read as java.util.zip does: reserved flags are not looked at.
Result<std::size_t> header_size(Bytes input, Position start) {
  const Bytes member = input.subspan(start.value);
  Cursor in(member, start);
  const std::uint32_t magic_and_flags = in.u32();
  const unsigned flags = magic_and_flags & 0xff;
  in.bytes(6);  // time, extra flags, operating system
  if ((flags & kExtra) != 0) in.bytes(little_endian_u16(in));
  if ((flags & kName) != 0) skip_text(in);
  if ((flags & kComment) != 0) skip_text(in);
  const auto hashed = static_cast<std::size_t>(in.position() - start);
  const bool has_checksum = (flags & kHeaderChecksum) != 0;
  const std::uint16_t checksum = has_checksum ? little_endian_u16(in) : std::uint16_t{0};
  if (!in.ok()) return *in.defect();
  if (magic_and_flags >> 8 != kMagicAndDeflate) {
    return bad_compression(start, "the header of a gzip member", fmt::format("{:08x}", magic_and_flags));
  }
  const auto computed = static_cast<std::uint16_t>(libdeflate_crc32(0, member.data(), hashed));
  if (has_checksum && checksum != computed) {
    return bad_compression(start + hashed, fmt::format("header checksum {:04x}", computed),
                           fmt::format("{:04x}", checksum));
  }
  return static_cast<std::size_t>(in.position() - start);
}

}  // namespace

void GzipDecoder::Free::operator()(libdeflate_decompressor* context) const {
  libdeflate_free_decompressor(context);
}

void GzipEncoder::Free::operator()(libdeflate_compressor* context) const {
  libdeflate_free_compressor(context);
}

// Commits the output of the deflate stream that `deflated` begins with and returns the stream's size.
// libdeflate can not be fed in pieces: it starts again in twice the space until there is enough.
Result<std::size_t> GzipDecoder::inflate(Bytes deflated, Position at, std::size_t size_hint,
                                         GrowingOutput& out) {
  // Nobody has checked the hint. What compresses better than 16 to 1 must show it first.
  constexpr std::size_t kSmall = std::size_t{1} << 16;
  std::size_t wanted = std::min(size_hint, 16 * deflated.size() + kSmall);
  while (true) {
    const std::span<std::uint8_t> room = out.room(wanted);
    std::size_t consumed = 0;
    std::size_t produced = 0;
    const libdeflate_result result = libdeflate_deflate_decompress_ex(
        context_.get(), deflated.data(), deflated.size(), room.data(), room.size(), &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS) {
      out.commit(produced);
      return consumed;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) {
      return bad_compression(at, "a whole deflate stream", "bytes that are none, or its beginning");
    }
    if (room.size() == out.left()) return out.past_limit(at);
    wanted = std::max(2 * room.size(), kSmall);
  }
}

Result<std::size_t> GzipDecoder::decode(Bytes input, GrowingOutput& out) {
  if (!context_) context_.reset(libdeflate_alloc_decompressor());
  if (!context_) throw std::bad_alloc();

  // If there is one member and nothing behind it, this is the output's size mod 2^32.
  std::size_t size_hint = 0;
  if (input.size() >= sizeof(std::uint32_t)) {
    Cursor last_word(input.last(sizeof(std::uint32_t)));
    size_hint = little_endian_u32(last_word);
  }

  Position at;
  while (true) {
    const auto header = header_size(input, at);
    if (!header) {
      if (at > Position{}) break;  // Kafka takes what is no header for the end of the stream
      return header.error();
    }
    at = at + *header;
    const std::size_t output_start = out.bytes().size();
    const auto deflated = inflate(input.subspan(at.value), at, size_hint, out);
    if (!deflated) return deflated.error();
    at = at + *deflated;

    Cursor trailer(input.subspan(at.value), at);
    const std::uint32_t crc = little_endian_u32(trailer);
    const std::uint32_t size = little_endian_u32(trailer);
    if (!trailer.ok()) return *trailer.defect();
    const Bytes output = out.bytes().subspan(output_start);
    const std::uint32_t computed = libdeflate_crc32(0, output.data(), output.size());
    if (crc != computed || size != static_cast<std::uint32_t>(output.size())) {
      return bad_compression(at, fmt::format("crc {:08x}, size {}", computed, output.size()),
                             fmt::format("crc {:08x}, size {}", crc, size));
    }
    at = trailer.position();
  }
  return static_cast<std::size_t>(input.size() - at.value);
}

void GzipEncoder::encode(Bytes input, ByteBuffer& out) {
  if (!context_) context_.reset(libdeflate_alloc_compressor(level_));
  if (!context_) throw std::bad_alloc();
  const std::size_t start = out.size();
  out.resize(start + libdeflate_gzip_compress_bound(context_.get(), input.size()));
  const std::size_t size = libdeflate_gzip_compress(context_.get(), input.data(), input.size(),
                                                    out.data() + start, out.size() - start);
  check(size > 0, "gzip output passes its bound");
  out.resize(start + size);
}

}  // namespace kseg
