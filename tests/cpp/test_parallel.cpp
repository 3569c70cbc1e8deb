// Tests of teams: shares, the barrier, and members that fail at every possible moment. Also the program to run under
// ThreadSanitizer, because no test from Python can show a data race.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/parallel.hpp"
#include "check.hpp"
#include "exec/block_shares.hpp"

using namespace ketjet;

namespace {

void test_shares() {
    for (const std::int64_t count : {0, 1, 7, 8, 1000003}) {
        for (const int threads : {1, 2, 3, 8}) {
            std::vector<std::atomic<int>> touched(static_cast<std::size_t>(count));
            parallel_for(threads, count, [&](std::int64_t begin, std::int64_t end) {
                CHECK(begin < end);
                for (std::int64_t i = begin; i < end; ++i) ++touched[static_cast<std::size_t>(i)];
            });
            CHECK(std::all_of(touched.begin(), touched.end(), [](const auto& times) { return times == 1; }));
        }
    }
    std::atomic<std::int64_t> total{0};
    run_team(3, [&](Team& team) {
        const Team::Range range = team.share(std::numeric_limits<std::int64_t>::max());
        total += range.end - range.begin;
    });
    CHECK(total == std::numeric_limits<std::int64_t>::max());
}

// Plain (not atomic) cells, written in one phase and read by a neighbour in the next: a barrier that lets someone
// through early gives wrong values here and a report under ThreadSanitizer.
void test_barrier() {
    for (const int threads : {1, 2, 3, 8}) {
        const std::thread::id caller = std::this_thread::get_id();
        std::vector<int> cells(static_cast<std::size_t>(threads), 0);
        std::atomic<int> members{0};
        int given = 0;
        run_team(threads, [&](Team& team) {
            if (team.rank() == 0) CHECK(std::this_thread::get_id() == caller);
            CHECK(team.size() >= 1 && team.size() <= threads && team.rank() < team.size());
            ++members;
            if (team.rank() == 0) given = team.size();
            for (int round = 1; round <= 300; ++round) {
                cells[static_cast<std::size_t>(team.rank())] = round;
                team.barrier();
                CHECK(cells[static_cast<std::size_t>((team.rank() + 1) % team.size())] == round);
                team.barrier();
            }
        });
        CHECK(members == given);
    }
    int depth = 0;  // a team inside a team has one member
    run_team(2, [&](Team& outer) {
        if (outer.rank() == 0) run_team(2, [&](Team& inner) { depth += inner.size(); });
    });
    CHECK(depth >= 1);
}

// What a member that fails does, and when.
struct Fault {
    int rank;          // modulo the size of the team; -1: every member
    int after_rounds;  // fails after this many barriers
    bool late;         // sleeps first, so that the others wait, spinning and then asleep
};

void check_fault(int threads, const Fault& fault) {
    std::atomic<int> beyond{0};
    std::string message;
    try {
        run_team(threads, [&](Team& team) {
            for (int round = 0; round < 4; ++round) {
                if (round == fault.after_rounds && (fault.rank == -1 || fault.rank % team.size() == team.rank())) {
                    if (fault.late) std::this_thread::sleep_for(std::chrono::milliseconds(2));
                    throw std::runtime_error("member failed");
                }
                team.barrier();
                if (round == fault.after_rounds) ++beyond;
            }
        });
    } catch (const std::runtime_error& error) {
        message = error.what();
    }
    CHECK(message == "member failed" && beyond == 0);
}

void test_failing_members(int repetitions) {
    for (const int threads : {1, 2, 3, 8}) {
        for (int i = 0; i < repetitions; ++i) {
            for (int rounds = 0; rounds < 4; ++rounds) {
                check_fault(threads, {i, rounds, i % 16 == 0});
                check_fault(threads, {-1, rounds, false});
            }
        }
        int healthy = 0;  // and the threads are as good as new
        run_team(threads, [&](Team& team) {
            team.barrier();
            if (team.rank() == 0) ++healthy;
        });
        CHECK(healthy == 1);
        CHECK_THROWS(parallel_for(threads, 100, [](std::int64_t, std::int64_t) { throw 7; }), int);
        // Failing after everyone's last barrier.
        CHECK_THROWS(run_team(threads,
                              [](Team& team) {
                                  team.barrier();
                                  if (team.rank() == team.size() - 1) throw std::bad_alloc();
                              }),
                     std::bad_alloc);
    }
}

#ifdef __linux__
// Members that begin on their owner's core leave it, and may be on the same cores as before afterwards.
void test_cores() {
    cpu_set_t before;
    CHECK(sched_getaffinity(0, sizeof(before), &before) == 0);
    const auto check_members = [](const cpu_set_t& allowed) {
        for (int i = 0; i < 50; ++i) {
            run_team(3, [&](Team&) {
                cpu_set_t now;
                CHECK(sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, &allowed));
            });
            if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    };
    check_members(before);
    std::thread([&] {  // a team of its own, all on one core
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
        check_members(one);
    })
        .join();
}
#endif

// Several engine workers, each with a team of its own.
void test_many_teams() {
    std::atomic<int> failures{0};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 3; ++worker) {
        workers.emplace_back([&failures, worker] {
            for (int i = 0; i < 50; ++i) {
                try {
                    run_team(3, [&](Team& team) {
                        const AlignedBuffer buffer(1 << 16);
                        for (int round = 0; round < 10; ++round) team.barrier();
                        if (i % 5 == worker && team.rank() == team.size() - 1) throw std::runtime_error("worker");
                        team.barrier();
                    });
                } catch (const std::runtime_error&) {
                    ++failures;
                }
            }
        });
    }
    for (std::thread& worker : workers) worker.join();
    CHECK(failures == 30);
}

// Every block is taken once, whoever comes when; what a member has of its own comes in ascending order.
void test_block_shares() {
    constexpr std::size_t max_members = 4;
    BlockShares shares(max_members);
    for (const std::size_t blocks : {0u, 1u, 3u, 4u, 1000u}) {
        for (std::size_t members = 1; members <= max_members; ++members) {
            shares.fill(blocks, members);
            std::vector<std::atomic<int>> taken(blocks);
            run_team(static_cast<int>(members), [&](Team& team) {
                while (const auto block = shares.take(static_cast<std::size_t>(team.rank()))) ++taken[*block];
            });
            CHECK(std::all_of(taken.begin(), taken.end(), [](const auto& times) { return times == 1; }));
        }
    }
    shares.fill(5, 2);
    std::vector<std::size_t> order;
    while (const auto block = shares.take(1)) order.push_back(*block);
    CHECK((order == std::vector<std::size_t>{2, 3, 4, 1, 0}));
}

}  // namespace

int main() {
    test_shares();
    test_block_shares();
    test_barrier();
#ifdef __linux__
    test_cores();
#endif
    test_failing_members(200);
    test_many_teams();
    return failed_checks == 0 ? 0 : 1;
}
