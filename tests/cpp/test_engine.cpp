// The executor from C++: results that do not depend on threads, several runs at once, stopping one in the middle.
// The driver for ThreadSanitizer: everything here shares memory between threads.
#include <chrono>
#include <cmath>
#include <new>
#include <thread>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/machine.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"
#include "run/run.hpp"

using namespace ketjet;

namespace {

Program layers(int num_qubits, int depth, bool measure_midway) {
    Builder builder(num_qubits);
    for (int layer = 0; layer < depth; ++layer) {
        for (int q = 0; q < num_qubits; ++q) {
            builder.gate("u", {q}, {0.3 + layer, 0.1 * q, 0.7});
        }
        for (int q = 0; q + 1 < num_qubits; ++q) builder.gate("cx", {q, q + 1});
        for (int q = 0; q + 2 < num_qubits; ++q) builder.gate("crz", {q, q + 2}, {0.5});
        if (measure_midway && layer == depth / 2) builder.measure(0);
    }
    for (int q = 0; q < num_qubits; ++q) builder.measure(q);
    return builder.build();
}

Plan small_blocks(const Program& program, Precision precision) {
    Machine machine;
    machine.l2_bytes = 1 << 12;
    return plan(program, machine, {precision});
}

template <class T>
RunResult<T> run_on(const Program& program, const Plan& plan, int threads, RunCounters& counters) {
    const RunRequest request{200, {1, 2}, true, true};
    return run<T>(BoundPlan(plan, program), request, {kernels_for(), threads, StopToken(counters)});
}

template <class T>
void check_threads_agree(const Program& program, Precision precision) {
    const Plan plan = small_blocks(program, precision);
    RunCounters counters;
    const RunResult<T> one = run_on<T>(program, plan, 1, counters);
    for (const int threads : {2, 3, 4}) {
        const RunResult<T> more = run_on<T>(program, plan, threads, counters);
        CHECK(more.shots == one.shots);
        CHECK(more.table.counts == one.table.counts);
        bool equal = true;
        for (Index i = 0; i < one.state->size(); ++i) {
            equal = equal && more.state->amplitudes()[i] == one.state->amplitudes()[i];
        }
        CHECK(equal);
    }
}

void check_runs_side_by_side() {
    const Program program = layers(11, 4, false);
    const Plan plan = small_blocks(program, Precision::double_);
    RunCounters reference_counters;
    const auto reference = run_on<double>(program, plan, 1, reference_counters).shots;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            RunCounters counters;
            CHECK(run_on<double>(program, plan, 2, counters).shots == reference);
            CHECK(counters.shots_done == 200);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

void check_stopping() {
    const Program program = layers(14, 400, false);
    const Plan plan = small_blocks(program, Precision::double_);
    for (int round = 0; round < 5; ++round) {
        RunCounters counters;
        bool cancelled = false;
        std::thread worker([&] {
            try {
                run_on<double>(program, plan, 2, counters);
            } catch (const Cancelled&) {
                cancelled = true;
            }
        });
        while (counters.bytes_moved.load() == 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
        counters.stop.store(1);
        worker.join();
        CHECK(cancelled);
    }
}

// Of the buffers that several members take, any may be the one that there is no memory for: coefficients of sweeps
// bound ahead, too. The run fails as a whole, and the next one is not affected.
void check_failing_allocations() {
    const Program program = layers(11, 6, false);
    const Plan plan = small_blocks(program, Precision::double_);
    RunCounters counters;
    const auto reference = run_on<double>(program, plan, 1, counters).shots;
    int failures = 0;
    for (int allocation = 1; allocation <= 40; ++allocation) {
        RunCounters of_run;
        empty_pool();
        fail_allocation_after(allocation);
        try {
            CHECK(run_on<double>(program, plan, 3, of_run).shots == reference);
        } catch (const std::bad_alloc&) {
            ++failures;
        }
        fail_allocation_after(0);
        RunCounters of_next;
        CHECK(run_on<double>(program, plan, 3, of_next).shots == reference);
    }
    CHECK(failures >= 6);
}

}  // namespace

int main() {
    check_threads_agree<double>(layers(10, 3, false), Precision::double_);
    check_threads_agree<float>(layers(10, 3, false), Precision::single);
    check_threads_agree<double>(layers(6, 3, true), Precision::double_);
    check_runs_side_by_side();
    check_stopping();
    check_failing_allocations();
    return failed_checks == 0 ? 0 : 1;
}
