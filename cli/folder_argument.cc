#include "cli/folder_argument.h"

namespace kseg {

Path folder_path(const Path& given) {
  Path path = given.lexically_normal();
  if (path == "." || path == "./" || path.filename() == "..")
    path = std::filesystem::absolute(path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace kseg
