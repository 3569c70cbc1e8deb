// Runs whose state is shared out among ranks, which are threads here: they give what one process gives, send as many
// bytes as their plan says, and end together.
#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include "base/memory_budget.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "check/verify.hpp"
#include "exec/agree.hpp"
#include "kernels/dispatch.hpp"
#include "plan/check_plan.hpp"
#include "plan/cost.hpp"
#include "plan/plan_bytes.hpp"
#include "plan/planner.hpp"
#include "run/run.hpp"
#include "thread_peers.hpp"

using namespace ketjet;

namespace {

using Random = std::mt19937_64;

std::atomic<int> exchanges_with_messages{0};

std::int32_t below(Random& random, int end) { return static_cast<std::int32_t>(random() % static_cast<unsigned>(end)); }

// Different qubits.
std::vector<std::int32_t> wires(Random& random, int num_qubits, std::size_t count) {
    std::vector<std::int32_t> result;
    while (result.size() < count) {
        const std::int32_t qubit = below(random, num_qubits);
        if (std::ranges::find(result, qubit) == result.end()) result.push_back(qubit);
    }
    return result;
}

Program random_program(int num_qubits, int operations, Random& random) {
    Builder builder(num_qubits);
    for (int i = 0; i < operations; ++i) {
        const double angle = 0.1 * static_cast<double>(random() % 60);
        switch (random() % 7) {
            case 0:
                builder.gate("u", wires(random, num_qubits, 1), {angle, 0.3, 0.7});
                break;
            case 1:
                builder.gate("h", wires(random, num_qubits, 1));
                break;
            case 2:
                builder.gate("cx", wires(random, num_qubits, 2));
                break;
            case 3:
                builder.gate("cp", wires(random, num_qubits, 2), {angle});
                break;
            case 4:
                builder.gate("rxx", wires(random, num_qubits, 2), {angle});
                break;
            case 5:
                builder.gate("swap", wires(random, num_qubits, 2));
                break;
            default:
                builder.gate("ccx", wires(random, num_qubits, 3));
        }
    }
    for (int qubit = 0; qubit < num_qubits; ++qubit) builder.measure(qubit);
    return builder.build();
}

PlanRequest request_for(Precision precision, int global_qubits, int pinned, bool keep_state) {
    PlanRequest request;
    request.precision = precision;
    request.keep_state = keep_state;
    request.sharing = {global_qubits, pinned};
    return request;
}

Machine small_caches() {
    Machine machine;
    machine.l2_bytes = 1 << 12;
    return machine;
}

double bytes_of_plan(const Plan& plan) {
    double amplitudes = 0;
    for (const Stage& stage : plan.stages) {
        if (const auto* const exchange = std::get_if<Exchange>(&stage))
            amplitudes += exchanged_amplitudes(plan, *exchange);
    }
    return amplitudes * amplitude_bytes(plan.request.precision);
}

template <class T>
void compare(const Program& program, Precision precision, int ranks, int pinned, bool keep_state) {
    const int global_qubits = std::countr_zero(static_cast<unsigned>(ranks));
    const Plan alone = plan(program, small_caches(), request_for(precision, 0, pinned, keep_state));
    const Plan shared = plan(program, small_caches(), request_for(precision, global_qubits, pinned, keep_state));
    check_plan(shared);
    CHECK(plan_from_bytes(bytes_of(shared)) == shared);
    RunRequest request{500, {1, 2}};
    request.keep_state = keep_state;
    RunCounters counters;
    const RunContext context{kernels_for(), 1, StopToken(counters)};
    const BoundPlan bound(shared, program);
    Verifier(Verify::fast, bound).check_plan<T>(context);
    const RunResult<T> expected = run<T>(BoundPlan(alone, program), request, context);
    ThreadRanks threads(ranks);
    threads.run([&](Peers& peers) {
        RunCounters own;
        RunContext mine{kernels_for(), 1, StopToken(own)};
        mine.peers = &peers;
        const RunResult<T> found = run<T>(bound, request, mine);
        if (shared.global_qubits > 0) CHECK(static_cast<double>(own.bytes_exchanged) == bytes_of_plan(shared));
        if (own.bytes_exchanged > 0) ++exchanges_with_messages;
        if (peers.rank() > 0 && shared.global_qubits > 0) {
            CHECK(found.table.counts.empty() && found.state == nullptr);
            return;
        }
        CHECK(found.table.keys == expected.table.keys);
        CHECK(found.table.counts == expected.table.counts);
        CHECK(found.norm_error < (precision == Precision::single ? 1e-4 : 1e-12));
        if (!keep_state) return;
        double deviation = 0;
        for (Index i = 0; i < expected.state->size(); ++i) {
            const Complex difference = Complex(found.state->amplitudes()[i]) - Complex(expected.state->amplitudes()[i]);
            deviation = std::max(deviation, std::abs(difference));
        }
        CHECK(deviation < (precision == Precision::single ? 1e-5 : 1e-13));
    });
}

void small_states_are_those_of_one_process() {
    Random random(1);
    for (int round = 0; round < 60; ++round) {
        const int num_qubits = 6 + below(random, 4), operations = 1 + below(random, 60);
        const Program program = random_program(num_qubits, operations, random);
        for (const int ranks : {2, 4, 8}) {
            compare<double>(program, Precision::double_, ranks, below(random, 3), true);
            compare<float>(program, Precision::single, ranks, below(random, 3), false);
        }
    }
}

void larger_shares_are_sampled_where_they_are() {
    Random random(2);
    for (int round = 0; round < 6; ++round) {
        const Program program = random_program(15 + below(random, 2), 80, random);
        for (const int ranks : {2, 4}) compare<double>(program, Precision::double_, ranks, 12, false);
    }
}

// What a part of a run throws on one rank ends all; parts may have parts.
template <class Own, class Others, class Part>
void one_rank_ends_all(int failing, Part part) {
    ThreadRanks threads(4);
    threads.run([&](Peers& peers) {
        RunCounters counters;
        RunContext context{kernels_for(), 1, StopToken(counters)};
        context.peers = &peers;
        const bool fails = peers.rank() == failing;
        if (fails) {
            CHECK_THROWS(part(context, fails), Own);
        } else {
            CHECK_THROWS(part(context, fails), Others);
        }
        CHECK(peers.have_ended());
    });
}

void ranks_end_together() {
    const auto cancelled = [](const RunContext& context, bool fails) {
        in_agreement(context, [&] {
            if (fails) throw Cancelled();
        });
    };
    one_rank_ends_all<Cancelled, Cancelled>(2, cancelled);
    const auto out_of_memory = [](const RunContext& context, bool fails) {
        in_agreement(context, [&] {
            if (fails) throw std::bad_alloc();
        });
    };
    one_rank_ends_all<std::bad_alloc, MemoryLimitReached>(1, out_of_memory);
    const auto broken = [](const RunContext& context, bool fails) {
        in_agreement(context, [&] {
            in_agreement(context, [] {});
            if (fails) throw std::logic_error("broken");
        });
    };
    one_rank_ends_all<std::logic_error, PeerFailed>(3, broken);
    const auto before_an_inner_part = [](const RunContext& context, bool fails) {
        in_agreement(context, [&] {
            if (fails) throw Cancelled();
            in_agreement(context, [] {});
        });
    };
    one_rank_ends_all<Cancelled, Cancelled>(0, before_an_inner_part);
}

void what_cannot_be_shared_out_is_refused() {
    Builder midway(8);
    midway.gate("h", {0}).gate("cx", {0, 1}).add("reset", {0}).gate("h", {0}).gate("cx", {0, 1});
    midway.measure(0).measure(1);
    CHECK_THROWS(plan(midway.build(), Machine{}, request_for(Precision::double_, 2, 1, true)), std::invalid_argument);
    Builder wide(8);
    const Index size = bit(7);
    std::vector<Complex> identity(size * size);
    for (Index i = 0; i < size; ++i) identity[i * size + i] = 1;
    wide.unitary({0, 1, 2, 3, 4, 5, 6}, identity);
    CHECK_THROWS(plan(wide.build(), Machine{}, request_for(Precision::double_, 2, 1, true)), std::length_error);
}

}  // namespace

int main() {
    small_states_are_those_of_one_process();
    larger_shares_are_sampled_where_they_are();
    ranks_end_together();
    what_cannot_be_shared_out_is_refused();
    CHECK(exchanges_with_messages > 100);
    return failed_checks == 0 ? 0 : 1;
}
