#include "tests/broker_round/broker.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "formats/file_names.h"
#include "formats/meta_properties.h"

namespace kseg {
namespace {

constexpr std::chrono::seconds kStartPatience{120};
constexpr std::chrono::seconds kStopPatience{60};
constexpr int kEndedBySigterm = 128 + SIGTERM;  // what a JVM says that was asked to stop

std::string content(const Path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Two different ports that nobody listens on.
std::array<int, 2> free_ports() {
  std::array<int, 2> sockets{};
  std::array<int, 2> ports{};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    sockets[i] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(sockets[i], any, size) != 0 || ::getsockname(sockets[i], any, &size) != 0)
      throw std::runtime_error("no free port");
    ports[i] = ntohs(address.sin_port);
  }
  for (const int each : sockets) ::close(each);
  return ports;
}

std::int64_t node_id(const Path& log_dir) {
  const std::string file = content(log_dir / kMetaProperties);
  const auto properties = decode_meta_properties(as_bytes(file));
  if (!properties || !properties->node_id)
    throw std::runtime_error((log_dir / kMetaProperties).string() + ": no node.id");
  return *properties->node_id;
}

// Whether the voters stand in the metadata log; then none may be named in the settings.
bool has_dynamic_voters(const Path& log_dir) {
  const Path metadata = log_dir / fmt::format("{}-0", kClusterMetadataTopic);
  return content(metadata / kQuorumState).find(R"("data_version":1)") != std::string::npos ||
         std::filesystem::exists(metadata / "00000000000000000000-0000000000.checkpoint");
}

std::string settings(const Path& log_dir, std::array<int, 2> ports, Broker::Cleaner cleaner) {
  const auto [port, controller_port] = ports;
  const std::int64_t node = node_id(log_dir);
  const std::string listeners =
      fmt::format("PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}", port, controller_port);
  std::string text =
      fmt::format("process.roles=broker,controller\nnode.id={}\nlog.dirs={}\n", node, log_dir.string());
  text += fmt::format("listeners={0}\nadvertised.listeners={0}\n", listeners);
  text += "controller.listener.names=CONTROLLER\n";
  text += has_dynamic_voters(log_dir)
              ? fmt::format("controller.quorum.bootstrap.servers=127.0.0.1:{}\n", controller_port)
              : fmt::format("controller.quorum.voters={}@127.0.0.1:{}\n", node, controller_port);
  text += fmt::format("log.cleaner.enable={}\n", cleaner == Broker::Cleaner::on);
  text +=
      "auto.create.topics.enable=false\n"
      "offsets.topic.replication.factor=1\n"
      "transaction.state.log.replication.factor=1\n"
      "transaction.state.log.min.isr=1\n"
      "share.coordinator.state.topic.replication.factor=1\n"
      "share.coordinator.state.topic.min.isr=1\n"
      "log.cleaner.backoff.ms=100\n"
      "log.cleaner.dedupe.buffer.size=4194304\n"
      "num.network.threads=1\n"
      "num.io.threads=2\n";
  for (const char* const postponed : {"log.initial.task.delay.ms", "offsets.retention.check.interval.ms",
                                      "transaction.abort.timed.out.transaction.cleanup.interval.ms",
                                      "transaction.remove.expired.transaction.cleanup.interval.ms"}) {
    text += fmt::format("{}=86400000\n", postponed);
  }
  return text;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text.find(word) != text.npos) return true;
  }
  return false;
}

// Warnings about connections and time, which a slow machine is enough for.
bool is_about_network(std::string_view line) {
  return contains_any(line, {"(org.apache.kafka.clients.", "(org.apache.kafka.raft.",
                             "(org.apache.kafka.controller.", "(kafka.server.BrokerLifecycleManager"});
}

// A controller that is not ready yet, or no more, when it is told of its own registration.
bool is_about_start(std::string_view line) {
  return contains_any(line, {"(kafka.server.ControllerApis)"}) &&
         contains_any(line, {"CONTROLLER_REGISTRATION"});
}

bool is_complaint(std::string_view line) {
  if (is_about_start(line)) return false;
  if (contains_any(line, {" ERROR ", " FATAL "})) return true;
  if (contains_any(line, {" WARN "})) {
    return !is_about_network(line) && !contains_any(line, {"`log.cleaner.enable` is deprecated"});
  }
  // The metadata log is recovered at every start.
  return contains_any(line, {" INFO "}) && !contains_any(line, {kClusterMetadataTopic}) &&
         contains_any(line, {"Recovering", "recovered", "orrupt", "runcat", "stray", "swap operation",
                             "nvalid", "bandoned", "Could not find", "rebuilding index"});
}

}  // namespace

Command java(const std::string& main_class, const std::vector<std::string>& arguments) {
  const char* const class_path = std::getenv("KSEG_KAFKA_CLASSPATH");
  if (class_path == nullptr)
    throw std::runtime_error("no KSEG_KAFKA_CLASSPATH: start it with tests/kafka/run");
  Command command{"java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path};
  if (main_class == "kafka.Kafka") command.push_back("-Dkseg.log=info");
  command.push_back(main_class);
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Broker::Broker(const Path& log_dir, const Path& work, const std::string& name, Cleaner cleaner)
    : log_file_(work / (name + ".log")), log_out_(std::fopen(log_file_.c_str(), "w"), std::fclose) {
  const auto ports = free_ports();
  address_ = fmt::format("127.0.0.1:{}", ports[0]);
  const Path settings_file = work / (name + ".properties");
  std::ofstream(settings_file) << settings(log_dir, ports, cleaner);
  process_.emplace(java("kafka.Kafka", {settings_file.string()}), log_out_.get(), log_out_.get());

  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  while (log().find("Kafka Server started") == std::string::npos) {
    if (process_->wait(std::chrono::milliseconds(20)) || std::chrono::steady_clock::now() > deadline) {
      std::string text = log();
      if (text.size() > 4000) text.erase(0, text.size() - 4000);
      throw std::runtime_error("the broker does not start; the end of its log:\n" + text);
    }
  }
}

void Broker::stop() {
  process_->send(SIGTERM);
  const auto status = process_->wait(kStopPatience);
  if (!status) throw std::runtime_error("the broker does not stop");
  if (*status != kEndedBySigterm) throw std::runtime_error(fmt::format("the broker ended with {}", *status));
}

std::string Broker::log() const {
  return content(log_file_);
}

std::vector<std::string> Broker::complaints() const {
  std::vector<std::string> found;
  const std::string text = log();
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find('\n', from), text.size());
    const std::string line = text.substr(from, to - from);
    if (is_complaint(line)) found.push_back(line);
    from = to + 1;
  }
  return found;
}

}  // namespace kseg
