#include "cli/line_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kseg {

LineInput::LineInput(const std::optional<Path>& file) : name_(file ? *file : Path("standard input")) {
  if (!file) return;
  descriptor_ = ::open(file->c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw IoError(name_, "open", errno);
}

LineInput::~LineInput() {
  if (descriptor_ > 0) ::close(descriptor_);
}

bool LineInput::fill() {
  constexpr std::size_t kReadBytes = std::size_t{1} << 18;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadBytes) buffer_.resize(std::max(2 * buffer_.size(), 2 * kReadBytes));
  while (true) {
    const ssize_t got = ::read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(name_, "read", errno);
    end_ += static_cast<std::size_t>(got);
    return got > 0;
  }
}

std::optional<std::string_view> LineInput::next() {
  std::size_t searched = begin_;
  while (true) {
    const void* const newline =
        searched < end_ ? std::memchr(buffer_.data() + searched, '\n', end_ - searched) : nullptr;
    const std::size_t held = end_ - begin_;
    if (newline == nullptr && fill()) {
      searched = begin_ + held;
      continue;
    }
    if (newline == nullptr && held == 0) return std::nullopt;
    const char* const from = buffer_.data() + begin_;
    const std::size_t size =
        newline == nullptr ? held : static_cast<std::size_t>(static_cast<const char*>(newline) - from);
    begin_ += newline == nullptr ? size : size + 1;
    ++line_;
    return std::string_view(from, size);
  }
}

}  // namespace kseg
