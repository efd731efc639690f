#include "tests/support/jvm.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace kseg {

Jvm::Jvm(const std::string& class_path, const char* main_class) {
  int requests[2];
  int answers[2];
  if (::pipe(requests) != 0 || ::pipe(answers) != 0) throw std::runtime_error("no pipe to the JVM");
  jvm_ = ::fork();
  if (jvm_ < 0) throw std::runtime_error("the JVM cannot be started");
  if (jvm_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(requests[0], STDIN_FILENO);
    ::dup2(answers[1], STDOUT_FILENO);
    for (const int end : {requests[0], requests[1], answers[0], answers[1]}) ::close(end);
    ::execlp("java", "java", "-Xmx512m", "-XX:+UseSerialGC",
             // Else a null pointer that is met often has no message any more.
             "-XX:-OmitStackTraceInFastThrow", "-cp", class_path.c_str(), main_class,
             static_cast<char*>(nullptr));
    std::_Exit(127);
  }
  ::close(requests[0]);
  ::close(answers[1]);
  ::signal(SIGPIPE, SIG_IGN);  // the missing answer tells
  to_ = ::fdopen(requests[1], "w");
  from_ = ::fdopen(answers[0], "r");
}

Jvm::~Jvm() {
  std::fclose(to_);  // ends it
  std::fclose(from_);
  ::waitpid(jvm_, nullptr, 0);
}

std::string Jvm::ask(const std::string& line) {
  fmt::print(to_, "{}\n", line);
  std::fflush(to_);
  std::string answer;
  for (int c = std::fgetc(from_); c != '\n'; c = std::fgetc(from_)) {
    if (c == EOF) throw std::runtime_error("the JVM is gone");
    answer.push_back(static_cast<char>(c));
  }
  return answer;
}

}  // namespace kseg
