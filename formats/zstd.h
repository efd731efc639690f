// Codec 4: zstd frames. Layout and validity: formats/compression.md. (libzstd's header is <zstd.h>.)
#pragma once

#include <memory>
#include <optional>

#include "formats/bytes.h"
#include "formats/decompression.h"
#include "formats/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace kseg {

class ZstdDecoder {
 public:
  // Nothing may follow the last frame, so success is always 0 bytes behind it.
  Result<std::size_t> decode(Bytes input, GrowingOutput& out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;  // made when first needed
};

class ZstdEncoder {
 public:
  static constexpr int kDefaultLevel = 3;

  explicit ZstdEncoder(std::optional<int> level = {}) : level_(level.value_or(kDefaultLevel)) {}
  void encode(Bytes input, ByteBuffer& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  int level_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;  // made when first needed
};

}  // namespace kseg
