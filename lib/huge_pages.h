// Memory that grows without a copy: its pages move to where there is room. Huge pages, if the system has
// them, so that a probe at random does not also miss the table of pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace kseg {

class HugePages {
 public:
  // At least `bytes`; what was there stays, what is new is zero. Throws std::bad_alloc.
  void grow(std::size_t bytes);

  std::uint8_t* data() const { return data_.get(); }  // changes in grow()
  std::size_t size_bytes() const { return data_.get_deleter().bytes; }

 private:
  struct Unmap {
    Unmap() : bytes(0) {}
    explicit Unmap(std::size_t mapped) : bytes(mapped) {}
    void operator()(std::uint8_t* data) const;
    std::size_t bytes;
  };

  std::unique_ptr<std::uint8_t[], Unmap> data_;
};

}  // namespace kseg
