// How many of the logs had what: a comparison says nothing about what it never met.
#pragma once

#include <map>
#include <set>
#include <string_view>

#include "tests/conformance/trial.h"

namespace kseg {

class Coverage {
 public:
  // One log through all its rounds.
  class Log {
   public:
    void note(const RandomRound& round, const Cleaned& kseg);

   private:
    friend class Coverage;
    void note_batch(const BatchModel& batch, const ObviousRound& round);
    void note_record(const RecordModel& record);
    void has(std::string_view feature) { found_.insert(feature); }
    int rounds_ = 0;
    Offset end_;  // of the log, when it was seen last
    std::set<std::string_view> found_;
  };

  void add(const Log& log);

  // A line a feature: how many logs had it.
  void print() const;

  // The features that at most one log in a hundred had.
  std::set<std::string_view> rare() const;

 private:
  int logs_ = 0;
  std::map<std::string_view, int> counts_;
};

}  // namespace kseg
