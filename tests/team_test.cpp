// The team of threads: every chunk once, whoever comes; exceptions; helpers that come late or
// never.
#include "runtime/team.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "runtime/parallel.h"

namespace keel::test {
namespace {

// Helpers as plain threads.
class Threads {
 public:
  explicit Threads(Team& team) : team_(team) {}
  void start(int index) {
    threads_.emplace_back([this, index] { team_.serve(index); });
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  Team& team_;
  std::vector<std::thread> threads_;
};

TEST(Team, EveryChunkOnceInManyRegions) {
  constexpr int kThreads = 4;
  Team team(kThreads);
  Threads threads(team);
  team.begin();
  for (std::int64_t chunks = 1; chunks < 300; ++chunks) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(chunks));
    std::atomic<bool> wrong_thread{false};
    team.run(
        chunks,
        [&](std::int64_t chunk, int thread) {
          ++seen[static_cast<std::size_t>(chunk)];
          if (thread < 0 || thread >= kThreads) wrong_thread = true;
        },
        [&](int index) { threads.start(index); });
    for (const std::atomic<int>& count : seen) ASSERT_EQ(count, 1);
    ASSERT_FALSE(wrong_thread);
  }
  team.end();
  threads.join();
}

TEST(Team, WithoutHelpersTheCallerDoesAll) {
  Team team(3);
  team.begin();
  int done = 0;
  team.run(
      50,
      [&](std::int64_t, int thread) {
        EXPECT_EQ(thread, 0);
        ++done;
      },
      [](int) {});
  team.end();
  EXPECT_EQ(done, 50);
}

TEST(Team, AHelperThatComesBehindTheEndLeaves) {
  Team team(2);
  team.begin();
  team.end();
  team.serve(1);
}

TEST(Team, RethrowsWhatAChunkThrew) {
  Team team(3);
  Threads threads(team);
  team.begin();
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(team.run(
                     20,
                     [&](std::int64_t chunk, int) {
                       if (chunk == round % 20) throw std::runtime_error("chunk");
                     },
                     [&](int index) { threads.start(index); }),
                 std::runtime_error);
    int done = 0;
    team.run(
        1, [&](std::int64_t, int) { ++done; }, [](int) {});
    EXPECT_EQ(done, 1);
  }
  team.end();
  threads.join();
}

TEST(Parallel, RegionsWithinRegionsAreSerial) {
  Parallel parallel(3, nullptr, false);
  std::atomic<int> count{0};
  parallel.enter([&] {
    parallel.chunks(
        10, [&](std::int64_t, int) { parallel.chunks(10, [&](std::int64_t, int) { ++count; }); });
  });
  EXPECT_EQ(count, 100);
}

TEST(Parallel, RegionsOutsideOfARun) {
  Parallel parallel(3, nullptr, false);
  std::atomic<int> count{0};
  for (int i = 0; i < 10; ++i) parallel.chunks(10, [&](std::int64_t, int) { ++count; });
  EXPECT_EQ(count, 100);
}

TEST(Parallel, AnExceptionEndsTheRun) {
  Parallel parallel(3, nullptr, false);
  for (int i = 0; i < 20; ++i)
    EXPECT_THROW(parallel.enter([&] {
      parallel.chunks(10, [](std::int64_t chunk, int) {
        if (chunk == 7) throw std::runtime_error("chunk");
      });
    }),
                 std::runtime_error);
}

}  // namespace
}  // namespace keel::test
