// Threads. The only place that names tbb::.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "runtime/function_ref.h"
#include "runtime/keel.h"

namespace keel {

// CPUs that this process may use.
struct CpuLimits {
  int affinity;      // CPUs that it may run on
  int cgroup_quota;  // CPUs' worth of time that the cgroup grants, rounded up; 0: no limit
};
CpuLimits cpu_limits();

// min(CPU affinity, cgroup cpu.max), at least 1.
int default_threads();

// What Options::threads stands for. Throws Error(Usage) for less than 0.
int thread_count(const Options& options);

// The threads of one run: an arena of its own (or the application's), the denormal mode, and the
// wish to stop. Chunks are claimed from a counter, so a thread that comes late, or never, leaves
// the others more to do; results must not depend on which thread runs which chunk. One run at a
// time.
class Parallel {
 public:
  // threads 1: everything runs on the caller, TBB untouched. arena: borrowed, may be null.
  Parallel(int threads, tbb::detail::d1::task_arena* arena, bool flush_denormals);
  ~Parallel();
  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;

  int threads() const { return threads_; }

  // Runs `body` inside the arena with denormals flushed as asked; restores the caller's mode.
  void enter(FunctionRef<void()> body);

  // body(chunk, thread) for every chunk in [0, chunks), thread in [0, threads()). One chunk, or one
  // thread: runs on the caller. An exception of a chunk is rethrown here, after all have stopped.
  // Throws Error(Cancelled) when the run is to stop.
  void chunks(std::int64_t chunks, FunctionRef<void(std::int64_t chunk, int thread)> body);

  // Splits [0, n) into even ranges of at least `grain` items: body(begin, end). Serial when n is at
  // most `grain`. For elementwise work 16 Ki floats a range is a good grain.
  void ranges(std::int64_t n, std::int64_t grain,
              FunctionRef<void(std::int64_t begin, std::int64_t end)> body);

  // Set for the time of one run; null: never stops.
  const RunOptions* stop = nullptr;
  bool should_stop() const;  // asks the callback and the clock
  void check_stop() const;   // throws Error(Cancelled)

 private:
  struct Impl;
  int threads_;
  bool flush_denormals_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keel
