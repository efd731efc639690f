#include "formats/compression.h"

#include "formats/check.h"
#include "formats/gzip.h"
#include "formats/lz4_frame.h"
#include "formats/snappy_xerial.h"
#include "formats/zstd.h"

namespace kseg {
namespace {

[[noreturn]] void no_codec() {
  check(false, "a codec that is none of the four");
  std::abort();
}

}  // namespace

std::string_view name(Codec codec) {
  switch (codec) {
    case Codec::none: return "none";
    case Codec::gzip: return "gzip";
    case Codec::snappy: return "snappy";
    case Codec::lz4: return "lz4";
    case Codec::zstd: return "zstd";
  }
  return "unknown";
}

struct Decompressor::Contexts {
  GzipDecoder gzip;
  ZstdDecoder zstd;

  Result<std::size_t> decode(Codec codec, Framing framing, Bytes input, GrowingOutput& out) {
    switch (codec) {
      case Codec::none: break;
      case Codec::gzip: return gzip.decode(input, out);
      case Codec::snappy: return decode_snappy_xerial(input, out);
      case Codec::lz4: return decode_lz4_frame(input, framing, out);
      case Codec::zstd: return zstd.decode(input, out);
    }
    no_codec();
  }
};

Decompressor::Decompressor() : contexts_(std::make_unique<Contexts>()) {}
Decompressor::~Decompressor() = default;
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;

Result<Decompressor::Output> Decompressor::decompress(Codec codec, Bytes input, ByteBuffer& scratch,
                                                      std::size_t limit, Framing framing) {
  GrowingOutput out(scratch, limit);
  const auto trailing_bytes = contexts_->decode(codec, framing, input, out);
  if (!trailing_bytes) return trailing_bytes.error();
  return Output{.bytes = out.bytes(), .trailing_bytes = *trailing_bytes};
}

std::optional<LevelRange> levels(Codec codec) {
  switch (codec) {
    case Codec::gzip: return LevelRange{.least = 1, .most = 9};
    case Codec::lz4: return LevelRange{.least = 1, .most = 17};
    case Codec::zstd: return LevelRange{.least = -131072, .most = 22};
    case Codec::none:
    case Codec::snappy: break;
  }
  return std::nullopt;
}

struct Compressor::Contexts {
  explicit Contexts(std::optional<int> level) : gzip(level), zstd(level), lz4_level(level) {}

  GzipEncoder gzip;
  ZstdEncoder zstd;
  std::optional<int> lz4_level;
};

Compressor::Compressor(std::optional<int> level) : contexts_(std::make_unique<Contexts>(level)) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

void Compressor::compress(Codec codec, Bytes input, ByteBuffer& out, Framing framing) {
  switch (codec) {
    case Codec::none: break;
    case Codec::gzip: return contexts_->gzip.encode(input, out);
    case Codec::snappy: return encode_snappy_xerial(input, out);
    case Codec::lz4: return encode_lz4_frame(input, framing, out, contexts_->lz4_level);
    case Codec::zstd: return contexts_->zstd.encode(input, out);
  }
  no_codec();
}

}  // namespace kseg
