// Threads that stay together for one run and take the chunks of one region after the other, so that
// a region costs well under a microsecond and not the waking of a thread. A thread takes the same
// share of the chunks in every region, so that what it wrote in one it finds in its cache in the
// next, and then helps the others. A helper that has had
// nothing to do for a while leaves, and is called again when there is something; nothing waits
// between runs. Who starts the helpers is the caller's affair (runtime/parallel.cpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>

#include "runtime/function_ref.h"

namespace keel {

class Team {
 public:
  explicit Team(int threads);

  // The caller's side. body(chunk, thread) for every chunk, thread 0 being the caller; start(i) is
  // asked to have helper i, in [1, threads), call serve(i) soon, or late, or never. Rethrows what a
  // chunk threw, when all have stopped. Not from within a region: see busy().
  void run(std::int64_t chunks, FunctionRef<void(std::int64_t, int)> body,
           FunctionRef<void(int)> start);
  bool busy() const { return busy_; }

  // begin() before the regions of a run, end() behind them: helpers then return from serve().
  void begin() { ended_.store(false, std::memory_order_relaxed); }
  void end() { ended_.store(true, std::memory_order_release); }

  // A helper's side: works on regions until the run ends or none has come for a while.
  void serve(int index);

 private:
  // A thread's own share of the chunks, [next, end). Others take what is left of it when theirs is
  // done.
  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::atomic<std::int64_t> end{0};
    std::atomic<bool> present{false};  // the helper has been started and has not left
    bool empty() const {
      return next.load(std::memory_order_relaxed) >= end.load(std::memory_order_relaxed);
    }
  };

  void work(int index);
  void work_on(Share& share, int index);
  void call(int index, FunctionRef<void(int)> start);
  bool enter();
  bool done() const;

  int threads_;
  // Helpers within the region, and whether it is closed to others.
  static constexpr std::uint32_t kClosed = std::uint32_t{1} << 31;
  alignas(64) std::atomic<std::uint32_t> gate_{kClosed};
  std::atomic<bool> ended_{true};
  bool busy_ = false;
  const FunctionRef<void(std::int64_t, int)>* body_ = nullptr;
  std::mutex error_mutex_;
  std::exception_ptr error_;
  std::unique_ptr<Share[]> shares_;
};

}  // namespace keel
