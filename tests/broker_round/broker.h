// A real broker on a log directory: a single KRaft node that is its own controller, on the loopback
// address. Retention, expiry of offsets and of transactions are put off, so that a log changes only by
// what is written to it and, if asked for, by the cleaner.
#pragma once

#include <string>
#include <vector>

#include "lib/file_system.h"
#include "tests/broker_round/process.h"

namespace kseg {

// `java CLASS ARGUMENT…` with a real Kafka on its class path, which tests/kafka/run provides.
Command java(const std::string& main_class, const std::vector<std::string>& arguments);

class Broker {
 public:
  enum class Cleaner { off, on };

  // Returns when it serves. Its own log, which is called `name`, and its settings go to `work`. Throws
  // std::runtime_error with the end of that log if it does not come up.
  Broker(const Path& log_dir, const Path& work, const std::string& name, Cleaner cleaner);

  const std::string& address() const { return address_; }

  // Asks it to stop, and waits. Throws std::runtime_error if it does not, or not cleanly.
  void stop();

  // Lines of its own log so far that no broker has to say of a sound directory after a clean shutdown:
  // warnings and errors, and whatever it recovered, truncated, found corrupt or set aside.
  std::vector<std::string> complaints() const;

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  std::string log() const;

  Path log_file_;
  std::string address_;
  File log_out_;
  std::optional<Process> process_;
};

}  // namespace kseg
