// The first byte picks a codec. The rest is (1) a compressed stream, as it comes; (2) plain bytes,
// which compress and decompress to themselves; (3) plain bytes whose compressed form is damaged at the
// place that the second and third byte name: a better start for finding deep paths than noise.
#include "formats/compression.h"
#include "formats/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kseg;
  constexpr std::size_t kLimit = std::size_t{1} << 22;
  if (size < 5) return 0;
  const auto codec = static_cast<Codec>(1 + data[0] % 4);
  const Bytes rest = Bytes{data, size}.subspan(4);

  static Decompressor decompressor;
  static Compressor compressor;
  ByteBuffer scratch;
  if (const auto output = decompressor.decompress(codec, rest, scratch, kLimit)) {
    check(output->bytes.size() <= kLimit, "the limit holds");
    check(output->trailing_bytes <= rest.size(), "what trails is part of the input");
  }

  ByteBuffer compressed;
  compressor.compress(codec, rest, compressed);
  {
    const auto output = decompressor.decompress(codec, compressed, scratch, kLimit);
    check(static_cast<bool>(output), "what was compressed decompresses");
    check(same_bytes(output->bytes, rest) && output->trailing_bytes == 0, "and is what it was");
  }
  check(!decompressor.decompress(codec, compressed, scratch, rest.size() - 1),
        "a limit of one byte less holds too");

  const std::size_t place = static_cast<std::size_t>(data[1] << 8 | data[2]) % compressed.size();
  compressed[place] = static_cast<std::uint8_t>(compressed[place] ^ data[3]);
  (void)decompressor.decompress(codec, compressed, scratch, kLimit);
  return 0;
}
