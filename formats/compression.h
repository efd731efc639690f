// The four codecs of record batches. The codecs are libraries; the framing Kafka puts around them
// (xerial blocks for snappy, a subset of the LZ4 frame) is here. Layouts: formats/compression.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "formats/bytes.h"
#include "formats/result.h"

namespace kseg {

// Values are bits 0-2 of a batch's attributes.
enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

// "none", "gzip", "snappy", "lz4", "zstd", as Kafka's tools print them.
std::string_view name(Codec codec);

// An LZ4 frame in a message of format 0 has a wrong header checksum, a historic mistake of Kafka's: made so
// when written, not looked at when read. Other codecs have one framing.
enum class Framing { standard, of_magic_0 };

// No batch may decompress to more: Kafka holds one in a Java array.
constexpr std::size_t kDecompressionLimit = 2147483647;

// Holds the codecs' contexts, so that a batch costs no set-up. One per thread.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  struct Output {
    Bytes bytes;                     // borrowed from `scratch`, valid until it changes
    std::size_t trailing_bytes = 0;  // input behind the end of the stream, which Kafka ignores
  };

  // Decompresses the whole of `input` into `scratch`, growing it as output really comes, never on
  // the word of a length field that the input cannot justify, and never past `limit`. It does not
  // shrink, so that its space serves the next batch: only Output::bytes says what came. Codec::none
  // and codecs that are none of the four are the caller's business.
  // Errors: bad_compression, truncated (positions count bytes of `input`), output_limit.
  Result<Output> decompress(Codec codec, Bytes input, ByteBuffer& scratch,
                            std::size_t limit = kDecompressionLimit, Framing framing = Framing::standard);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// The levels that Kafka's settings allow (compression.gzip.level and so on); nothing for codecs that
// have none.
struct LevelRange {
  int least;
  int most;
};
std::optional<LevelRange> levels(Codec codec);

// Compresses as Kafka's cleaner does: each codec at its default level, in Kafka's framing.
class Compressor {
 public:
  Compressor() : Compressor(std::nullopt) {}
  // `level`, in levels() of the only codec that is used, instead of the default one.
  explicit Compressor(std::optional<int> level);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  // Appends the compressed form of `input` to `out`.
  void compress(Codec codec, Bytes input, ByteBuffer& out, Framing framing = Framing::standard);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace kseg
