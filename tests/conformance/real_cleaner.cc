#include "tests/conformance/real_cleaner.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace kseg {

RealCleaner::RealCleaner(const std::string& class_path) {
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
    ::execlp("java", "java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", class_path.c_str(), "kseg.Clean",
             static_cast<char*>(nullptr));
    std::_Exit(127);
  }
  ::close(requests[0]);
  ::close(answers[1]);
  ::signal(SIGPIPE, SIG_IGN);  // the missing answer tells
  to_ = ::fdopen(requests[1], "w");
  from_ = ::fdopen(answers[0], "r");
}

RealCleaner::~RealCleaner() {
  std::fclose(to_);  // ends it
  std::fclose(from_);
  ::waitpid(jvm_, nullptr, 0);
}

RealOutcome RealCleaner::clean(const Path& folder, const ObviousRound& round) {
  fmt::print(to_,
             "{} now={} log_start={} first_dirty={} first_uncleanable={} delete_retention_ms={} "
             "segment_bytes={} segment_index_bytes={} index_interval_bytes={}\n",
             folder.string(), round.now_ms, round.log_start, round.first_dirty, round.first_uncleanable,
             round.delete_retention_ms, round.segment_bytes, round.segment_index_bytes,
             round.index_interval_bytes);
  std::fflush(to_);
  const std::string answer = answer_line();
  if (answer == "nothing") return {};
  if (answer.starts_with("end ")) return {.end = Offset{std::stoll(answer.substr(4))}, .error = {}};
  if (answer.starts_with("error ")) return {.end = {}, .error = answer.substr(6)};
  throw std::runtime_error("the JVM that cleans answered '" + answer + "'");
}

std::string RealCleaner::answer_line() {
  std::string line;
  for (int c = std::fgetc(from_); c != '\n'; c = std::fgetc(from_)) {
    if (c == EOF) throw std::runtime_error("the JVM that cleans is gone");
    line.push_back(static_cast<char>(c));
  }
  return line;
}

}  // namespace kseg
