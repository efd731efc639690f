#include "lib/scratch_space.h"

#include <utility>

namespace kseg {

ScratchSpace::Reservation::Reservation(Reservation&& other) noexcept
    : space_(std::exchange(other.space_, nullptr)), bytes_(other.bytes_) {}

ScratchSpace::Reservation::~Reservation() {
  if (space_ != nullptr) space_->release(bytes_);
}

std::uint64_t ScratchSpace::left() const {
  const std::uint64_t free = files_.free_bytes(folder_);
  return free - std::min(free, reserved_bytes_);
}

bool ScratchSpace::fits(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  return bytes <= left();
}

std::variant<ScratchSpace::Reservation, ScratchSpace::Shortage> ScratchSpace::reserve(std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  while (true) {
    const std::uint64_t free = left();
    if (bytes <= free) break;
    if (reserved_bytes_ == 0) return Shortage{.needed_bytes = bytes, .free_bytes = free};
    released_.wait(lock);
  }
  reserved_bytes_ += bytes;
  return Reservation(*this, bytes);
}

void ScratchSpace::release(std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    reserved_bytes_ -= bytes;
  }
  released_.notify_all();
}

}  // namespace kseg
