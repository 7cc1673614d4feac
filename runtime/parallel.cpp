#include "runtime/parallel.h"

#include <sched.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace keel {
namespace {

// CPUs' worth of time the cgroup grants, rounded up; 0 where there is no quota. oneTBB does not
// read it, and threads beyond it only wait for one another.
int cgroup_cpus() {
  double quota = 0, period = 0;
  std::string text;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> text >> period) {
    if (text != "max") quota = std::strtod(text.c_str(), nullptr);
  } else {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? static_cast<int>(std::ceil(quota / period)) : 0;
}

// Flushes denormals on this thread while it lives. They cost 10 to 30 times a normal operation.
class DenormalMode {
 public:
#if defined(__x86_64__)
  explicit DenormalMode(bool flush) : saved_(_mm_getcsr()) {
    constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
    if (flush) _mm_setcsr(saved_ | kFlushToZero | kDenormalsAreZero);
  }
  ~DenormalMode() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#else
  explicit DenormalMode(bool) {}
#endif
};

}  // namespace

int default_threads() {
  cpu_set_t set;
  int cpus = sched_getaffinity(0, sizeof set, &set) == 0
                 ? CPU_COUNT(&set)
                 : static_cast<int>(std::thread::hardware_concurrency());
  if (const int quota = cgroup_cpus(); quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace {

// ThreadSanitizer does not see into TBB, so it is told what TBB promises: a region begins after
// what the caller did before, and ends before what the caller does next.
void order_before([[maybe_unused]] const void* region) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(const_cast<void*>(region));
#endif
}
void order_after([[maybe_unused]] const void* region) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(const_cast<void*>(region));
#endif
}

// Found by its address, which TBB hands over, before anything of it is read.
template <typename Work>
struct Worker {
  const Work& work;
  void operator()(int index) const {
    order_after(this);
    work(index);
    order_before(this);
  }
};

}  // namespace

struct Parallel::Impl {
  explicit Impl(int threads)
      : limit(tbb::global_control::max_allowed_parallelism, width(threads)) {}
  // More threads than CPUs are granted when asked for, so that a request for 8 means 8.
  static std::size_t width(int threads) {
    return std::max<std::size_t>(
        static_cast<std::size_t>(threads),
        tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  }
  tbb::global_control limit;
  std::unique_ptr<tbb::task_arena> owned;
  tbb::task_arena* arena = nullptr;
};

Parallel::Parallel(int threads, tbb::detail::d1::task_arena* arena, bool flush_denormals)
    : threads_(threads), flush_denormals_(flush_denormals) {
  if (threads_ <= 1) return;
  impl_ = std::make_unique<Impl>(threads_);
  if (arena == nullptr) {
    impl_->owned = std::make_unique<tbb::task_arena>(threads_);
    arena = impl_->owned.get();
  }
  impl_->arena = arena;
}

Parallel::~Parallel() = default;

void Parallel::enter(FunctionRef<void()> body) {
  const auto flushed = [&] {
    const DenormalMode mode(flush_denormals_);
    body();
  };
  if (impl_ == nullptr) return flushed();
  impl_->arena->execute(flushed);
}

void Parallel::chunks(std::int64_t chunks, FunctionRef<void(std::int64_t, int)> body) {
  if (chunks <= 0) return;
  if (impl_ == nullptr || chunks == 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      if (stop != nullptr) check_stop();
      body(chunk, 0);
    }
    return;
  }
  std::atomic<std::int64_t> next{0};
  const auto work = [&](int index) {
    const DenormalMode mode(flush_denormals_);
    for (std::int64_t chunk; (chunk = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) {
      if (stop != nullptr) check_stop();
      body(chunk, index);
    }
  };
  const Worker<decltype(work)> worker{work};
  order_before(&worker);
  const int workers = static_cast<int>(std::min<std::int64_t>(threads_, chunks));
  // isolate: a thread that waits here must not take up the application's other work.
  tbb::this_task_arena::isolate(
      [&] { tbb::parallel_for(0, workers, worker, tbb::simple_partitioner()); });
  order_after(&worker);
}

void Parallel::ranges(std::int64_t n, std::int64_t grain,
                      FunctionRef<void(std::int64_t, std::int64_t)> body) {
  if (n <= 0) return;
  if (impl_ == nullptr || n <= grain) {
    if (stop != nullptr) check_stop();
    return body(0, n);
  }
  // A few ranges a thread even out their speeds; more would only cost.
  constexpr std::int64_t kRangesPerThread = 4;
  const std::int64_t count =
      std::min((n + grain - 1) / grain, kRangesPerThread * static_cast<std::int64_t>(threads_));
  const std::int64_t step = (n + count - 1) / count;
  chunks(count, [&](std::int64_t chunk, int) {
    const std::int64_t begin = chunk * step;
    const std::int64_t end = std::min(n, begin + step);
    if (begin < end) body(begin, end);
  });
}

bool Parallel::should_stop() const {
  if (stop == nullptr) return false;
  return (stop->stop && stop->stop()) || std::chrono::steady_clock::now() >= stop->deadline;
}

void Parallel::check_stop() const {
  if (should_stop()) throw Error(ErrorCode::Cancelled, "the run was cancelled");
}

}  // namespace keel
