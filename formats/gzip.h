// Codec 1: RFC 1952 members. Layout and validity: formats/compression.md.
#pragma once

#include <memory>
#include <optional>

#include "formats/bytes.h"
#include "formats/decompression.h"
#include "formats/result.h"

struct libdeflate_compressor;
struct libdeflate_decompressor;

namespace kseg {

class GzipDecoder {
 public:
  // Returns the bytes behind the last member.
  Result<std::size_t> decode(Bytes input, GrowingOutput& out);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* context) const;
  };
  Result<std::size_t> inflate(Bytes deflated, Position at, std::size_t size_hint, GrowingOutput& out);

  std::unique_ptr<libdeflate_decompressor, Free> context_;  // made when first needed
};

class GzipEncoder {
 public:
  static constexpr int kDefaultLevel = 6;  // zlib's, which is Kafka's

  explicit GzipEncoder(std::optional<int> level = {}) : level_(level.value_or(kDefaultLevel)) {}
  void encode(Bytes input, ByteBuffer& out);

 private:
  struct Free {
    void operator()(libdeflate_compressor* context) const;
  };
  int level_;
  std::unique_ptr<libdeflate_compressor, Free> context_;  // made when first needed
};

}  // namespace kseg
