#include "lib/ordered_work.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "formats/check.h"

namespace kseg {
namespace {

class Run {
 public:
  explicit Run(const OrderedWork& work) : work_(work), pieces_(work.slots) {}

  void run() {
    std::unique_lock lock(mutex_);
    while (committed_ == 0 && step(lock, 0)) {
    }
    const std::size_t jobs = over() ? 1 : work_.jobs;
    lock.unlock();
    std::vector<std::thread> workers;
    for (std::size_t worker = 1; worker < jobs; ++worker) {
      try {
        workers.emplace_back([this, worker] { work(worker); });
      } catch (const std::system_error&) {
        break;  // fewer will do
      }
    }
    work(0);
    for (std::thread& worker : workers) worker.join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  struct Piece {
    bool prepared = false;
    std::exception_ptr error;
  };

  void work(std::size_t worker) {
    std::unique_lock lock(mutex_);
    while (!over()) {
      if (!step(lock, worker)) changed_.wait(lock);
    }
  }

  bool over() const { return stopped_ || (ended_ && committed_ == taken_); }

  // What is due, the oldest piece first; false if that is nothing. Called, and left, with the lock held.
  bool step(std::unique_lock<std::mutex>& lock, std::size_t worker) {
    if (over()) return false;
    if (!committing_ && committed_ < taken_ && pieces_[committed_ % pieces_.size()].prepared) {
      commit(lock);
      return true;
    }
    if (!taking_ && !ended_ && taken_ - committed_ < pieces_.size()) {
      take(lock, worker);
      return true;
    }
    return false;
  }

  void take(std::unique_lock<std::mutex>& lock, std::size_t worker) {
    const std::size_t slot = taken_ % pieces_.size();
    Piece& piece = pieces_[slot];
    piece = {};
    bool there = true;
    taking_ = true;
    unlocked(lock, piece.error, [&] { there = work_.take(slot); });
    taking_ = false;
    ended_ = !there || piece.error;
    if (there) ++taken_;
    changed_.notify_all();
    if (there && !piece.error) unlocked(lock, piece.error, [&] { work_.prepare(slot, worker); });
    piece.prepared = true;
    changed_.notify_all();
  }

  void commit(std::unique_lock<std::mutex>& lock) {
    const std::size_t slot = committed_ % pieces_.size();
    error_ = pieces_[slot].error;
    bool go_on = false;
    committing_ = true;
    if (!error_) unlocked(lock, error_, [&] { go_on = work_.commit(slot); });
    committing_ = false;
    ++committed_;
    stopped_ = !go_on;
    changed_.notify_all();
  }

  template <typename Do>
  static void unlocked(std::unique_lock<std::mutex>& lock, std::exception_ptr& error, Do step) {
    lock.unlock();
    try {
      step();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
  }

  const OrderedWork& work_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::vector<Piece> pieces_;  // by slot
  std::size_t taken_ = 0;
  std::size_t committed_ = 0;
  bool taking_ = false;
  bool committing_ = false;
  bool ended_ = false;    // nothing more to take
  bool stopped_ = false;  // nothing more to commit
  std::exception_ptr error_;
};

}  // namespace

void OrderedWork::run() const {
  check(jobs > 0 && slots > 0, "ordered work without threads or slots");
  Run(*this).run();
}

std::size_t machine_jobs() {
  return std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace kseg
