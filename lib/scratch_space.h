// Shares the space that is left on a disk among those who need some of it for a while.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <variant>

#include "lib/file_system.h"

namespace kseg {

class ScratchSpace {
 public:
  // `folder` says which disk. Borrows `files`.
  ScratchSpace(FileSystem& files, Path folder) : files_(files), folder_(std::move(folder)) {}

  // Holds so many bytes until it is gone.
  class Reservation {
   public:
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation();

   private:
    friend class ScratchSpace;
    Reservation(ScratchSpace& space, std::uint64_t bytes) : space_(&space), bytes_(bytes) {}
    ScratchSpace* space_;
    std::uint64_t bytes_;
  };

  struct Shortage {
    std::uint64_t needed_bytes = 0;
    std::uint64_t free_bytes = 0;
  };

  // Whether so much would fit right now.
  bool fits(std::uint64_t bytes);
  // Waits while others hold what is missing. A shortage if nobody does. Throws IoError.
  std::variant<Reservation, Shortage> reserve(std::uint64_t bytes);

 private:
  void release(std::uint64_t bytes);
  std::uint64_t left() const;  // what others hold may be on the disk already: then it is counted twice

  FileSystem& files_;
  Path folder_;
  std::mutex mutex_;
  std::condition_variable released_;
  std::uint64_t reserved_bytes_ = 0;
};

}  // namespace kseg
