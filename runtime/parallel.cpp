#include "runtime/parallel.h"

#include <sched.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include "runtime/error.h"
#include "runtime/team.h"

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

CpuLimits cpu_limits() {
  cpu_set_t set;
  const int cpus = sched_getaffinity(0, sizeof set, &set) == 0
                       ? CPU_COUNT(&set)
                       : static_cast<int>(std::thread::hardware_concurrency());
  return {std::max(cpus, 1), cgroup_cpus()};
}

int default_threads() {
  const CpuLimits limits = cpu_limits();
  return limits.cgroup_quota > 0 ? std::min(limits.affinity, limits.cgroup_quota) : limits.affinity;
}

int thread_count(const Options& options) {
  if (options.threads < 0)
    throw Error(ErrorCode::Usage, str("threads: expected 0 or more, got ", options.threads));
  return options.threads == 0 ? default_threads() : options.threads;
}

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace {

// ThreadSanitizer does not see into TBB, so it is told what TBB promises: a task begins after what
// came before its start, and ends before what comes after the wait for it.
void order_before([[maybe_unused]] const void* task) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(const_cast<void*>(task));
#endif
}
void order_after([[maybe_unused]] const void* task) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(const_cast<void*>(task));
#endif
}

}  // namespace

struct Parallel::Impl {
  explicit Impl(int threads)
      : limit(tbb::global_control::max_allowed_parallelism, width(threads)), team(threads) {}
  // More threads than CPUs are granted when asked for, so that a request for 8 means 8.
  static std::size_t width(int threads) {
    return std::max<std::size_t>(
        static_cast<std::size_t>(threads),
        tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  }
  tbb::global_control limit;
  std::unique_ptr<tbb::task_arena> owned;
  tbb::task_arena* arena = nullptr;
  Team team;
  tbb::task_group* helpers = nullptr;  // while a run lasts
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
  // The team parts when the run ends, however it ends. isolate: who waits for the helpers must not
  // take up the application's other work.
  struct Run {
    Impl& impl;
    tbb::task_group group;
    explicit Run(Impl& of) : impl(of) {
      impl.helpers = &group;
      impl.team.begin();
    }
    ~Run() {
      impl.team.end();
      group.wait();
      order_after(&impl.team);
      impl.helpers = nullptr;
    }
  };
  impl_->arena->execute([&] {
    tbb::this_task_arena::isolate([&] {
      const Run run(*impl_);
      flushed();
    });
  });
}

void Parallel::chunks(std::int64_t chunks, FunctionRef<void(std::int64_t, int)> body) {
  if (chunks <= 0) return;
  if (impl_ == nullptr || chunks == 1 || impl_->team.busy()) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      if (stop != nullptr) check_stop();
      body(chunk, 0);
    }
    return;
  }
  if (impl_->helpers == nullptr) return enter([&] { this->chunks(chunks, body); });
  Team& team = impl_->team;
  const auto help = [this, &team](int index) {
    order_before(&team);
    impl_->helpers->run([this, &team, index] {
      order_after(&team);
      const DenormalMode mode(flush_denormals_);
      team.serve(index);
      order_before(&team);
    });
  };
  team.run(
      chunks,
      [&](std::int64_t chunk, int index) {
        if (stop != nullptr) check_stop();
        body(chunk, index);
      },
      help);
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
