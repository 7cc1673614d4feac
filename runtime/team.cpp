#include "runtime/team.h"

#include <sched.h>

#include <chrono>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace keel {
namespace {

using Clock = std::chrono::steady_clock;

// Waits a little, the longer it has waited the more politely: on the CPU at first, then behind
// whatever else wants to run.
class Backoff {
 public:
  void wait() {
    constexpr int kSpins = 300;  // some ten microseconds
    if (++spins_ > kSpins) {
      sched_yield();
      return;
    }
#if defined(__x86_64__)
    _mm_pause();
#endif
  }

 private:
  int spins_ = 0;
};

// How long a helper waits for the next region. Waking a thread takes 30 to 50 us.
constexpr auto kPatience = std::chrono::microseconds(100);

}  // namespace

Team::Team(int threads)
    : threads_(threads), shares_(new Share[static_cast<std::size_t>(threads)]) {}

void Team::work_on(Share& share, int index) {
  const std::int64_t end = share.end.load(std::memory_order_relaxed);
  for (std::int64_t i; (i = share.next.fetch_add(1, std::memory_order_relaxed)) < end;)
    (*body_)(i, index);
}

void Team::work(int index) {
  try {
    for (int i = 0; i < threads_; ++i) {
      Share& share = shares_[static_cast<std::size_t>((index + i) % threads_)];
      if (i == 0 || !share.empty()) work_on(share, index);
    }
  } catch (...) {
    for (int i = 0; i < threads_; ++i) {
      Share& share = shares_[static_cast<std::size_t>(i)];
      share.next.store(share.end.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    const std::lock_guard<std::mutex> lock(error_mutex_);
    if (error_ == nullptr) error_ = std::current_exception();
  }
}

bool Team::done() const {
  for (int i = 0; i < threads_; ++i)
    if (!shares_[static_cast<std::size_t>(i)].empty()) return false;
  return true;
}

bool Team::enter() {
  if ((gate_.fetch_add(1, std::memory_order_acquire) & kClosed) == 0) return true;
  gate_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

// A helper that cannot be started leaves its share to the others.
void Team::call(int index, FunctionRef<void(int)> start) {
  std::atomic<bool>& present = shares_[static_cast<std::size_t>(index)].present;
  if (present.exchange(true, std::memory_order_acquire)) return;
  try {
    start(index);
  } catch (...) {
    present.store(false, std::memory_order_relaxed);
  }
}

void Team::run(std::int64_t chunks, FunctionRef<void(std::int64_t, int)> body,
               FunctionRef<void(int)> start) {
  busy_ = true;
  body_ = &body;
  for (int i = 0; i < threads_; ++i) {
    Share& share = shares_[static_cast<std::size_t>(i)];
    share.next.store(i * chunks / threads_, std::memory_order_relaxed);
    share.end.store((i + 1) * chunks / threads_, std::memory_order_relaxed);
  }
  gate_.fetch_and(~kClosed, std::memory_order_release);
  for (int i = 1; i < threads_ && i < chunks; ++i) call(i, start);
  work(0);
  gate_.fetch_or(kClosed, std::memory_order_relaxed);
  for (Backoff backoff; gate_.load(std::memory_order_acquire) != kClosed;) backoff.wait();
  busy_ = false;
  if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Team::serve(int index) {
  while (!ended_.load(std::memory_order_acquire)) {
    const auto give_up = Clock::now() + kPatience;
    bool found = false;
    for (Backoff backoff; !found && !ended_.load(std::memory_order_relaxed); backoff.wait()) {
      found = !done() && enter();
      if (!found && Clock::now() > give_up) break;
    }
    if (!found) break;
    work(index);
    gate_.fetch_sub(1, std::memory_order_release);
  }
  shares_[static_cast<std::size_t>(index)].present.store(false, std::memory_order_release);
}

}  // namespace keel
