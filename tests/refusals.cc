#include "tests/refusals.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <vector>

#include "tests/support/dice.h"
#include "tests/support/faulty_file_system.h"

namespace kseg {
namespace {

struct Fault {
  std::size_t at;
  const char* name;
  int error_number;  // 0: none
  bool half;
};

bool only_looks(std::string_view operation) {
  const std::string_view name = operation.substr(0, operation.find(' '));
  return name == "open" || name == "open_to_append" || name == "read" || name == "info" || name == "list" ||
         name == "is_locked" || name == "free_bytes" || name == "lock";
}

constexpr std::pair<const char*, int> kErrors[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EACCES", EACCES}, {"EINTR", EINTR}};

// Whatever changes something, with one error each, and half of each transfer; of the rest some.
bool always(const Fault& fault, std::string_view operation) {
  if (fault.half) return true;
  return !only_looks(operation) && fault.error_number == kErrors[fault.at % std::size(kErrors)].second;
}

std::vector<Fault> faults_of(const std::vector<std::string>& operations, bool short_reads, bool all) {
  constexpr std::size_t kOfTheRest = 100;
  std::vector<Fault> faults;
  std::vector<Fault> rest;
  for (std::size_t at = 0; at < operations.size(); ++at) {
    const auto add = [&](const Fault& fault) {
      (all || always(fault, operations[at]) ? faults : rest).push_back(fault);
    };
    for (const auto& [name, error_number] : kErrors) add({at, name, error_number, false});
    if (operations[at].starts_with("append")) add({at, "short write", ENOSPC, true});
    if (short_reads && operations[at].starts_with("read")) add({at, "short read", 0, true});
  }
  Dice dice(1);
  for (std::size_t drawn = 0; drawn < kOfTheRest && !rest.empty(); ++drawn) {
    std::swap(rest[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(rest.size())))],
              rest.back());
    faults.push_back(rest.back());
    rest.pop_back();
  }
  return faults;
}

}  // namespace

void Refusals::make_all() const {
  using Counted = FaultyFileSystem::Counted;
  restore();
  FaultyFileSystem undisturbed(posix_file_system(), Counted::everything);
  undisturbed.skip_syncs();
  run(undisturbed);
  const std::vector<std::string>& operations = undisturbed.journal();
  REQUIRE(operations.size() > 0);

  const bool all = std::getenv("KSEG_EVERY_FAULT") != nullptr;
  std::map<std::string, std::size_t> tried;
  for (const Fault& fault : faults_of(operations, short_reads, all)) {
    CAPTURE(std::string(fault.name));
    CAPTURE(fault.at);
    CAPTURE(operations[fault.at]);
    ++tried[fault.name];
    restore();
    FaultyFileSystem files(posix_file_system(), Counted::everything);
    files.skip_syncs();
    if (fault.error_number == 0) {
      files.end_half_way_at(fault.at);
    } else if (fault.half) {
      files.fail_half_way_at(fault.at, fault.error_number);
    } else {
      files.fail_at(fault.at, fault.error_number);
    }
    bool ended = false;
    try {
      run(files);
    } catch (const IoError& error) {
      ended = true;
      CAPTURE(error.what());
      CHECK((fault.error_number == 0 || error.error_number() == fault.error_number));
    }
    judge(ended);
  }
  std::string counts;
  for (const auto& [name, count] : tried) counts += ", " + std::to_string(count) + " " + name;
  MESSAGE(what, ": refusals of ", operations.size(), " operations", counts);
}

}  // namespace kseg
