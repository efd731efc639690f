// A Java program of tests/kafka that answers each line it is sent with a line.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>

namespace kseg {

class Jvm {
 public:
  // Starts it with this class path. Throws std::runtime_error.
  Jvm(const std::string& class_path, const char* main_class);
  ~Jvm();
  Jvm(const Jvm&) = delete;
  Jvm& operator=(const Jvm&) = delete;

  // Neither has a newline. Throws std::runtime_error if the JVM is gone.
  std::string ask(const std::string& line);

 private:
  pid_t jvm_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace kseg
