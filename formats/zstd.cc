#include "formats/zstd.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "formats/check.h"
#include "formats/cursor.h"

namespace kseg {
namespace {

std::size_t without_error(std::size_t result) {
  check(ZSTD_isError(result) == 0 || ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation,
        "zstd refuses to compress");
  if (ZSTD_isError(result) != 0) throw std::bad_alloc();
  return result;
}

// Whether `input` is one frame, whose window a stream would take.
bool is_usual_frame(Bytes input) {
  constexpr std::size_t kDescriptorPosition = 4;
  constexpr unsigned kSingleSegment = 0x20;
  constexpr unsigned kUsualWindow = (27 - 10) << 3;  // 2^27 bytes, libzstd's own limit
  if (input.size() < kDescriptorPosition + 2 ||
      ZSTD_findFrameCompressedSize(input.data(), input.size()) != input.size()) {
    return false;
  }
  Cursor magic(input);
  return magic.u32() == swap_unless_big_endian(std::uint32_t{ZSTD_MAGICNUMBER}) &&
         (input[kDescriptorPosition] & kSingleSegment) == 0 && input[kDescriptorPosition + 1] <= kUsualWindow;
}

}  // namespace

void ZstdDecoder::Free::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}
void ZstdEncoder::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

Result<std::size_t> ZstdDecoder::decode(Bytes input, GrowingOutput& out) {
  if (!context_) context_.reset(ZSTD_createDCtx());
  if (!context_) throw std::bad_alloc();
  ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);

  // At once, without a window of its own, into what an earlier batch needed. If that is too small, or
  // something is wrong, it begins again.
  if (is_usual_frame(input)) {
    const auto room = out.room(1);
    const std::size_t size =
        ZSTD_decompressDCtx(context_.get(), room.data(), room.size(), input.data(), input.size());
    if (ZSTD_isError(size) == 0) {
      out.commit(size);
      return std::size_t{0};
    }
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
  }

  ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
  bool frame_ended = true;
  while (in.pos < in.size || !frame_ended) {
    const Position at{in.pos};
    // With nothing left one more byte is asked for, which tells a full output from one that is too big.
    const bool full = out.left() == 0;
    std::uint8_t one_too_many = 0;
    const auto room = full ? std::span(&one_too_many, 1) : out.room(1);
    ZSTD_outBuffer to{.dst = room.data(), .size = room.size(), .pos = 0};
    const std::size_t result = ZSTD_decompressStream(context_.get(), &to, &in);
    if (ZSTD_isError(result) != 0) {
      if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
      return bad_compression(at, "zstd frames", ZSTD_getErrorName(result));
    }
    if (full && to.pos > 0) return out.past_limit(at);
    out.commit(to.pos);
    frame_ended = result == 0;
    const bool wants_input = to.pos < to.size;
    if (!frame_ended && wants_input && in.pos == in.size) {
      return Defect{.code = DefectCode::truncated, .position = {in.pos}};
    }
  }
  return std::size_t{0};
}

void ZstdEncoder::encode(Bytes input, ByteBuffer& out) {
  if (!context_) {
    context_.reset(ZSTD_createCCtx());
    if (!context_) throw std::bad_alloc();
    without_error(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level_));
  }
  ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);

  constexpr std::size_t kFlushedBlock = 64;  // what flushing may add to the bound, and more
  const std::size_t start = out.size();
  out.resize(start + ZSTD_compressBound(input.size()) + kFlushedBlock);
  ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
  ZSTD_outBuffer to{.dst = out.data(), .size = out.size(), .pos = start};
  // Kafka's stream is flushed before it is closed, and never says how much will come: so there is no
  // content size, the window is that of the level, and an empty block ends the frame. Only a stream
  // that nothing was written to is closed at once.
  const std::size_t unflushed =
      input.empty() ? 0 : without_error(ZSTD_compressStream2(context_.get(), &to, &in, ZSTD_e_flush));
  const std::size_t unended = without_error(ZSTD_compressStream2(context_.get(), &to, &in, ZSTD_e_end));
  check(unflushed == 0 && unended == 0, "zstd output passes its bound");
  out.resize(to.pos);
}

}  // namespace kseg
