// Pieces of work that are taken one after the other, prepared side by side, and committed one after the other
// in the order they were taken: what comes out does not depend on how many threads there are.
#pragma once

#include <cstddef>
#include <functional>

namespace kseg {

struct OrderedWork {
  // Threads, the caller's among them: each does whatever step is due. With 1 everything happens on the
  // calling thread, each piece committed before the next is taken.
  std::size_t jobs = 1;
  // Pieces between take() and commit() at a time, at least 1. A slot is what the caller keeps of one, its
  // buffers for example.
  std::size_t slots = 2;
  // As many as keep so many threads busy.
  static constexpr std::size_t slots_for(std::size_t jobs) { return jobs == 1 ? 1 : 2 * jobs; }

  // Fills a slot with the next piece; false: there is none. One call at a time, in order.
  std::function<bool(std::size_t slot)> take;
  // On several threads at once, for as many slots. `worker`, below `jobs`, is this thread's alone.
  std::function<void(std::size_t slot, std::size_t worker)> prepare;
  // One call at a time, in the order of take(); beside take() and prepare() of later pieces. False: nothing
  // behind this piece is wanted.
  std::function<bool(std::size_t slot)> commit;

  // Returns when the last piece is committed. The first one is done before any thread is started. What a step
  // throws is thrown here, once everything in front of it is committed; nothing behind it is.
  void run() const;
};

// How many threads the machine runs at once, at least 1.
std::size_t machine_jobs();

}  // namespace kseg
