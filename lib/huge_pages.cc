#include "lib/huge_pages.h"

#include <sys/mman.h>

#include <new>

namespace kseg {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t bytes) {
  return (bytes + kHugePage - 1) / kHugePage * kHugePage;
}

std::uint8_t* check_mapped(void* address) {
  if (address == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uint8_t*>(address);
}

// Addresses at the start of a huge page, with nothing behind them.
std::uint8_t* reserve(std::size_t bytes) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  std::uint8_t* const all = check_mapped(::mmap(nullptr, bytes + kHugePage, PROT_NONE, flags, -1, 0));
  const std::size_t before =
      round_up(reinterpret_cast<std::uintptr_t>(all)) - reinterpret_cast<std::uintptr_t>(all);
  if (before > 0) ::munmap(all, before);
  if (before < kHugePage) ::munmap(all + before + bytes, kHugePage - before);
  return all + before;
}

}  // namespace

void HugePages::Unmap::operator()(std::uint8_t* data) const {
  ::munmap(data, bytes);
}

void HugePages::grow(std::size_t bytes) {
  bytes = round_up(bytes);
  if (bytes <= size_bytes()) return;
  decltype(data_) grown(reserve(bytes), Unmap{bytes});
  if (data_) {
    check_mapped(::mremap(data(), size_bytes(), bytes, MREMAP_MAYMOVE | MREMAP_FIXED, grown.get()));
    static_cast<void>(data_.release());
  } else {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    check_mapped(::mmap(grown.get(), bytes, PROT_READ | PROT_WRITE, flags, -1, 0));
    ::madvise(grown.get(), bytes, MADV_HUGEPAGE);  // a wish
  }
  data_ = std::move(grown);
}

}  // namespace kseg
