#include "lib/ordered_work.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace kseg;

namespace {

// Numbers 0 … count-1, squared side by side, collected in order.
struct Squares {
  int count = 0;
  std::size_t jobs = 1;
  std::size_t slots = 3;
  int stop_at = -1;
  int take_fails_at = -1;
  int prepare_fails_at = -1;
  int commit_fails_at = -1;

  std::atomic<int> in_flight{0};
  std::atomic<int> most_in_flight{0};
  std::vector<int> committed;

  void run() {
    std::vector<int> pieces(slots);
    int next = 0;
    const auto fail = [](int piece, int at, const char* step) {
      if (piece == at) throw std::runtime_error(step);
    };
    OrderedWork{
        .jobs = jobs,
        .slots = slots,
        .take =
            [&](std::size_t slot) {
              if (next == count) return false;
              fail(next, take_fails_at, "take");
              pieces[slot] = next++;
              const int now = ++in_flight;
              most_in_flight = std::max(most_in_flight.load(), now);
              return true;
            },
        .prepare =
            [&](std::size_t slot, std::size_t worker) {
              if (worker >= jobs) throw std::logic_error("no such worker");
              // The later ones are done first, if anybody can.
              std::this_thread::sleep_for(std::chrono::microseconds(pieces[slot] % 3 == 0 ? 300 : 0));
              fail(pieces[slot], prepare_fails_at, "prepare");
              pieces[slot] *= pieces[slot];
            },
        .commit =
            [&](std::size_t slot) {
              --in_flight;
              const int piece = static_cast<int>(committed.size());
              fail(piece, commit_fails_at, "commit");
              committed.push_back(pieces[slot]);
              return piece != stop_at;
            },
    }
        .run();
  }
};

std::vector<int> squares(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i * i);
  return all;
}

}  // namespace

TEST_CASE("ordered work is committed in the order it was taken, by however many threads") {
  for (const std::size_t jobs : {1, 2, 4, 9}) {
    for (const std::size_t slots : {1, 2, 5, 18}) {
      for (const int count : {0, 1, 2, 100}) {
        Squares work{.count = count, .jobs = jobs, .slots = slots};
        work.run();
        CAPTURE(jobs);
        CAPTURE(slots);
        CHECK(work.committed == squares(count));
      }
    }
  }
}

TEST_CASE("no more pieces of ordered work are under way than there are slots") {
  Squares work{.count = 200, .jobs = 4, .slots = 3};
  work.run();
  CHECK(work.most_in_flight <= 3);
}

TEST_CASE("with one job each piece is committed before the next is taken, on the calling thread") {
  Squares work{.count = 50, .jobs = 1, .slots = 8};
  work.run();
  CHECK(work.most_in_flight == 1);

  std::set<std::thread::id> threads;
  int left = 20;
  OrderedWork{
      .jobs = 1,
      .slots = 4,
      .take = [&](std::size_t) { return threads.insert(std::this_thread::get_id()), left-- > 0; },
      .prepare = [&](std::size_t, std::size_t) { threads.insert(std::this_thread::get_id()); },
      .commit = [&](std::size_t) { return threads.insert(std::this_thread::get_id()), true; },
  }
      .run();
  CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("ordered work stops behind the piece whose commit says so") {
  for (const std::size_t jobs : {1, 2, 4}) {
    for (const int last : {0, 1, 37}) {
      Squares work{.count = 100, .jobs = jobs, .slots = 8, .stop_at = last};
      work.run();
      CHECK(work.committed == squares(last + 1));
    }
  }
}

TEST_CASE("what a step of ordered work throws is thrown once everything in front of it is committed") {
  for (const std::size_t jobs : {1, 2, 4}) {
    for (const int at : {0, 1, 37, 99}) {
      for (const std::string step : {"take", "prepare", "commit"}) {
        Squares work{.count = 100, .jobs = jobs, .slots = 8};
        (step == "take"      ? work.take_fails_at
         : step == "prepare" ? work.prepare_fails_at
                             : work.commit_fails_at) = at;
        CHECK_THROWS_WITH(work.run(), step.c_str());
        CHECK(work.committed == squares(at));
      }
    }
  }
}

TEST_CASE("ordered work of several threads is done by several threads") {
  std::mutex mutex;
  std::set<std::size_t> workers;
  std::atomic<int> waiting{0};
  int left = 5;
  OrderedWork{
      .jobs = 2,
      .slots = 4,
      .take = [&](std::size_t) { return left-- > 0; },
      .prepare =
          [&](std::size_t, std::size_t worker) {
            {
              const std::lock_guard lock(mutex);
              workers.insert(worker);
            }
            // Behind the first piece nobody goes on alone.
            if (++waiting == 1) return;
            while (waiting < 3) std::this_thread::yield();
          },
      .commit = [](std::size_t) { return true; },
  }
      .run();
  CHECK(workers == std::set<std::size_t>{0, 1});
}
