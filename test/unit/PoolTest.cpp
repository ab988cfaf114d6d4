//===- PoolTest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counters that tasks write are plain: ThreadSanitizer sees who may not.
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/pool.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <sched.h>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Pool = std::unique_ptr<octet_pool, void (*)(octet_pool *)>;

Pool makePool(int32_t threads, bool pinned = true) {
  Pool pool(octet_pool_create(threads, pinned), octet_pool_destroy);
  EXPECT_NE(pool, nullptr);
  return pool;
}

void run(const Pool &pool, int64_t count,
         const std::function<void(int64_t)> &task) {
  octet_pool_run(
      pool.get(), count,
      [](void *state, int64_t index) {
        (*static_cast<const std::function<void(int64_t)> *>(state))(index);
      },
      const_cast<std::function<void(int64_t)> *>(&task));
}

/// Each index on a thread of its own: no task ends before all have begun, so
/// that nobody can take a second one.
void runApart(const Pool &pool, int64_t count,
              const std::function<void(int64_t)> &task) {
  std::atomic<int64_t> begun = 0;
  run(pool, count, [&](int64_t i) {
    ++begun;
    while (begun < count)
      std::this_thread::yield();
    task(i);
  });
}

cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return set;
}

/// As under taskset, on a thread of its own that may run on `one` CPU.
void runOnOneCpu(const std::function<void(const cpu_set_t &one)> &task) {
  std::thread([&] {
    cpu_set_t one = only(sched_getcpu());
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    task(one);
  }).join();
}

int32_t moreThanCpus() { return 2 * octet_allowed_cpus() + 1; }

TEST(Pool, RunsEveryIndexOnce) {
  for (int32_t threads : {1, 2, 3, 7, moreThanCpus()}) {
    Pool pool = makePool(threads);
    for (int64_t count : {0, 1, 2, 3, 6, 7, 8, 100, 1000}) {
      std::vector<int> times(count);
      run(pool, count, [&](int64_t i) { ++times[i]; });
      EXPECT_EQ(times, std::vector<int>(count, 1)) << threads;
    }
  }
}

/// Calls that read what other threads wrote in those before.
std::vector<uint32_t> mix(const Pool &pool) {
  std::vector<uint32_t> values(8, 1);
  for (uint32_t call = 0; call < 2000; ++call) {
    std::vector<uint32_t> next = values;
    run(pool, call % 8 + 1, [&](int64_t i) {
      next[i] = 1664525 * values[(i + 3) % 8] + values[i] + call;
    });
    values = next;
  }
  return values;
}

TEST(Pool, CallsFollowEachOther) {
  auto expected = mix(makePool(1));
  for (int32_t threads : {2, 3, moreThanCpus()})
    EXPECT_EQ(mix(makePool(threads)), expected);
}

TEST(Pool, ThreadsHaveIndicesOfTheirOwn) {
  const int32_t threads = 3;
  Pool pool = makePool(threads);
  std::vector<std::thread::id> first(threads);
  runApart(pool, threads,
           [&](int64_t i) { first[i] = std::this_thread::get_id(); });
  EXPECT_EQ(first[0], std::this_thread::get_id());
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), 3u);
  for (int64_t count : {3, 2, 3, 1}) {
    std::vector<std::thread::id> ids(count);
    runApart(pool, count,
             [&](int64_t i) { ids[i] = std::this_thread::get_id(); });
    EXPECT_EQ(ids, std::vector(first.begin(), first.begin() + count));
  }
}

TEST(Pool, WhoIsFreeTakesTheRest) {
  Pool pool = makePool(2);
  std::vector<std::thread::id> ids(20);
  std::atomic<int> done = 0;
  std::atomic<bool> begun = false;
  run(pool, 20, [&](int64_t i) {
    if (i == 1)
      begun = true;
    while (i == 0 ? !begun : i == 1 && done < 19)
      std::this_thread::yield();
    ids[i] = std::this_thread::get_id();
    ++done;
  });
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ids[0]), 19);
}

TEST(Pool, WakesThreadsThatSleep) {
  Pool pool = makePool(3);
  for (int call = 0; call < 20; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<int> times(3);
    run(pool, 3, [&](int64_t i) { ++times[i]; });
    EXPECT_EQ(times, std::vector<int>(3, 1));
  }
}

/// The caller sleeps, too.
TEST(Pool, WaitsForASlowThread) {
  Pool pool = makePool(2);
  for (int call = 0; call < 10; ++call) {
    int done[2] = {};
    runApart(pool, 2, [&](int64_t i) {
      if (i == 1)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ++done[i];
    });
    EXPECT_EQ(done[0] + done[1], 2);
  }
}

/// On one CPU a thread has hardly ever begun when its caller is done.
TEST(Pool, DoesTheTasksOfLateThreads) {
  runOnOneCpu([](const cpu_set_t &) {
    Pool pool = makePool(3);
    int helped = 0;
    for (int call = 0; call < 1000; ++call) {
      std::vector<int> times(3);
      std::vector<std::thread::id> ids(3);
      run(pool, 3, [&](int64_t i) {
        ++times[i];
        ids[i] = std::this_thread::get_id();
      });
      EXPECT_EQ(times, std::vector<int>(3, 1));
      helped += ids[1] == ids[0];
    }
    EXPECT_GT(helped, 0);
  });
}

TEST(Pool, CostsNothingWhileIdle) {
  Pool pool = makePool(moreThanCpus());
  run(pool, 100, [](int64_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 100);
}

TEST(Pool, RunsTasksWithinTasks) {
  Pool pool = makePool(3);
  std::vector<std::vector<int>> times(4, std::vector<int>(5));
  run(pool, 4, [&](int64_t i) {
    std::thread::id id = std::this_thread::get_id();
    run(pool, 5, [&, i](int64_t j) {
      EXPECT_EQ(id, std::this_thread::get_id());
      ++times[i][j];
    });
  });
  EXPECT_EQ(times, std::vector(4, std::vector<int>(5, 1)));
}

TEST(Pool, ServesSeveralCallers) {
  Pool pool = makePool(3);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int call = 0; call < 300; ++call) {
        std::vector<int> times(6);
        run(pool, 6, [&](int64_t i) { ++times[i]; });
        EXPECT_EQ(times, std::vector<int>(6, 1));
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(Pool, ServesTheChildOfAFork) {
  Pool pool = makePool(3);
  run(pool, 3, [](int64_t) {});
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    int times[8] = {}, sum = 0;
    run(pool, 8, [&](int64_t i) { ++times[i]; });
    pool.reset();
    for (int each : times)
      sum += each == 1;
    _exit(sum == 8 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  run(pool, 3, [](int64_t) {});
}

/// The CPUs that each thread may run on.
std::vector<cpu_set_t> affinities(const Pool &pool, int32_t threads) {
  std::vector<cpu_set_t> sets(threads);
  runApart(pool, threads,
           [&](int64_t i) { sched_getaffinity(0, sizeof sets[i], &sets[i]); });
  return sets;
}

TEST(Pool, PinsThreadsWhereThereAreCpus) {
  cpu_set_t own;
  ASSERT_EQ(sched_getaffinity(0, sizeof own, &own), 0);
  int32_t cpus = octet_allowed_cpus();
  EXPECT_EQ(cpus, CPU_COUNT(&own));
  auto pinned = affinities(makePool(cpus), cpus);
  EXPECT_TRUE(CPU_EQUAL(&pinned[0], &own));
  cpu_set_t all;
  CPU_ZERO(&all);
  for (int32_t i = 1; i < cpus; ++i) {
    EXPECT_EQ(CPU_COUNT(&pinned[i]), 1);
    CPU_OR(&all, &all, &pinned[i]);
  }
  EXPECT_EQ(CPU_COUNT(&all), cpus - 1);
  for (const cpu_set_t &set : affinities(makePool(cpus + 1), cpus + 1))
    EXPECT_TRUE(CPU_EQUAL(&set, &own));
  for (const cpu_set_t &set : affinities(makePool(cpus, false), cpus))
    EXPECT_TRUE(CPU_EQUAL(&set, &own));
}

TEST(Pool, KeepsToTheCpusThatAreAllowed) {
  runOnOneCpu([](const cpu_set_t &one) {
    EXPECT_EQ(octet_allowed_cpus(), 1);
    for (const cpu_set_t &set : affinities(makePool(3), 3))
      EXPECT_TRUE(CPU_EQUAL(&set, &one));
  });
}

/// The caller has come to the CPU that a thread is bound to.
TEST(Pool, CallersMayRunWhereTheyMightBefore) {
  if (octet_allowed_cpus() < 2)
    GTEST_SKIP() << "needs two CPUs";
  Pool pool = makePool(2);
  std::thread([&] {
    cpu_set_t all, bound;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    runApart(pool, 2, [&](int64_t i) {
      if (i == 1)
        sched_getaffinity(0, sizeof bound, &bound);
    });
    ASSERT_EQ(CPU_COUNT(&bound), 1);
    for (int call = 0; call < 200; ++call) {
      ASSERT_EQ(sched_setaffinity(0, sizeof bound, &bound), 0);
      ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
      std::vector<int> times(2);
      run(pool, 2, [&](int64_t i) { ++times[i]; });
      EXPECT_EQ(times, std::vector<int>(2, 1));
      cpu_set_t now;
      ASSERT_EQ(sched_getaffinity(0, sizeof now, &now), 0);
      EXPECT_TRUE(CPU_EQUAL(&now, &all));
    }
  }).join();
}

TEST(Pool, EndsAtOnce) {
  for (int i = 0; i < 100; ++i)
    makePool(i % 5 + 1);
  octet_pool_destroy(nullptr);
}

} // namespace
