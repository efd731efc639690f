#include "tests/broker_round/process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <thread>

namespace kseg {
namespace {

constexpr std::chrono::minutes kPatience{2};

using TemporaryFile = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

TemporaryFile temporary_file() {
  TemporaryFile file(std::tmpfile(), std::fclose);
  if (!file) throw std::runtime_error("cannot make a temporary file");
  return file;
}

std::string content(std::FILE* file) {
  std::rewind(file);
  std::string text;
  char buffer[1 << 16];
  for (std::size_t read = 0; (read = std::fread(buffer, 1, sizeof buffer, file)) > 0;)
    text.append(buffer, read);
  return text;
}

}  // namespace

Process::Process(const Command& command, std::FILE* out, std::FILE* err) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::fflush(nullptr);  // or the child would write it again
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("cannot fork");
  if (id_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) std::_Exit(127);  // it died before it could be asked for
  ::dup2(::fileno(out), STDOUT_FILENO);
  ::dup2(::fileno(err), STDERR_FILENO);
  if (std::freopen("/dev/null", "r", stdin) == nullptr) std::_Exit(127);
  ::execvp(words.front(), words.data());
  std::_Exit(127);
}

Process::~Process() {
  if (wait(std::chrono::milliseconds(0))) return;
  send(SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!status_) {
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) == id_) {
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (std::chrono::steady_clock::now() >= deadline) {
      break;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return status_;
}

void Process::send(int signal) {
  if (!status_) ::kill(id_, signal);
}

Finished run(const Command& command) {
  const TemporaryFile out = temporary_file();
  const TemporaryFile err = temporary_file();
  Process process(command, out.get(), err.get());
  const auto status = process.wait(kPatience);
  Finished finished{.answers = content(out.get()), .notes = content(err.get())};
  if (!status)
    throw std::runtime_error(fmt::format("{} does not end\n{}", fmt::join(command, " "), finished.notes));
  finished.status = *status;
  return finished;
}

std::string run_well(const Command& command) {
  Finished finished = run(command);
  if (finished.status != 0) {
    throw std::runtime_error(
        fmt::format("{}: status {}\n{}", fmt::join(command, " "), finished.status, finished.notes));
  }
  return std::move(finished.answers);
}

}  // namespace kseg
