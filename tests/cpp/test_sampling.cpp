// What sampling relies on: the norms that the last sweep adds up are those of the state's rows, in one order for all
// threads and instruction sets, and whether they are known changes no sample.
#include <algorithm>
#include <cmath>
#include <complex>
#include <string_view>
#include <vector>

#include "base/machine.hpp"
#include "base/random_streams.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "exec/collapse.hpp"
#include "exec/sweep_norms.hpp"
#include "kernels/dispatch.hpp"
#include "plan/cost.hpp"
#include "plan/planner.hpp"
#include "run/run.hpp"

using namespace ketjet;

namespace {

constexpr PhiloxKey key{1, 2};

Program general(int num_qubits) {
    Builder builder(num_qubits);
    for (int layer = 0; layer < 3; ++layer) {
        for (int q = 0; q < num_qubits; ++q) builder.gate("u", {q}, {0.3 + layer, 0.1 * q, 0.7});
        for (int q = layer % 2; q + 1 < num_qubits; q += 2) builder.gate("cx", {q, q + 1});
        for (int q = 0; q + 2 < num_qubits; ++q) builder.gate("crz", {q, q + 2}, {0.5});
    }
    return builder.build();
}

Program real(int num_qubits) {
    Builder builder(num_qubits);
    for (int layer = 0; layer < 3; ++layer) {
        for (int q = 0; q < num_qubits; ++q) builder.gate("ry", {q}, {0.3 + layer + 0.1 * q});
        for (int q = layer % 2; q + 1 < num_qubits; q += 2) builder.gate("cx", {q, q + 1});
    }
    return builder.build();
}

Program ghz(int num_qubits) {
    Builder builder(num_qubits);
    builder.gate("h", {num_qubits - 1});
    for (int q = num_qubits - 1; q > 0; --q) builder.gate("cx", {q, q - 1});
    return builder.build();
}

// The first and the last qubits stay |0>.
Program partly_idle(int num_qubits) {
    Builder builder(num_qubits);
    for (int q = 1; q + 2 < num_qubits; ++q) {
        builder.gate("u", {q}, {0.3 + q, 0.1 * q, 0.7});
        if (q > 1) builder.gate("cx", {q - 1, q});
    }
    return builder.build();
}

template <class T>
struct Swept {
    StateVector<T> state;
    bool known;
    StateNorms norms;
};

template <class T>
Swept<T> swept(const Program& program, const Plan& plan, const KernelTable& kernels, int threads,
               SweepNorms::Wanted wanted = SweepNorms::Wanted::rows) {
    RunCounters counters;
    SweepNorms norms(wanted, plan.num_qubits);
    RunContext context{kernels, threads, StopToken(counters)};
    context.norms = &norms;
    StateVector<T> state(plan.num_qubits, plan.state_qubits);
    run_stages(BoundPlan(plan, program), state, key, context);
    const bool known = norms.are_known();
    if (wanted == SweepNorms::Wanted::total) {
        CHECK(known && std::abs(norms.total() - 1) < (sizeof(T) == 4 ? 1e-5 : 1e-13));
        return {std::move(state), known, {}};
    }
    return {std::move(state), known, norms.take()};
}

template <class T>
double norm(const StateVector<T>& state, Index first, Index last) {
    double sum = 0;
    for (Index i = first; i < last; ++i) sum += std::norm(std::complex<double>(state.amplitudes()[i]));
    return sum;
}

// How many states had their rows summed.
template <class T>
int check_norms(Precision precision, std::int64_t l2_bytes) {
    constexpr double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
    Machine machine;
    machine.l2_bytes = l2_bytes;
    int known = 0;
    for (const int num_qubits : {5, 6, 9, 12, 15}) {
        for (const auto& make : {general, real, ghz, partly_idle}) {
            const Program program = make(num_qubits);
            const Plan made = plan(program, machine, {precision});
            const Swept<T> first = swept<T>(program, made, kernels_for(), 1);
            CHECK(first.known == (plan_cost(made, 1).norm_bytes > 0));
            swept<T>(program, made, kernels_for(), 2, SweepNorms::Wanted::total);
            if (!first.known) continue;
            ++known;
            const StateNorms& norms = first.norms;
            CHECK(norms.rows.size() * sizeof(double) == static_cast<std::size_t>(plan_cost(made, 1).norm_bytes));
            const Index row = first.state.size() / norms.rows.size(),
                        chunk = std::min(first.state.size(), bit(chunk_bits));
            for (Index r = 0; r < norms.rows.size(); ++r) {
                CHECK(std::abs(norms.rows[r] - norm(first.state, r * row, (r + 1) * row)) < tolerance);
            }
            CHECK(norms.chunks.size() == first.state.size() / chunk);
            for (Index c = 0; c < norms.chunks.size(); ++c) {
                CHECK(std::abs(norms.chunks[c] - norm(first.state, c * chunk, (c + 1) * chunk)) < tolerance);
                double sum = 0;
                for (const double part : norms.rows_of(c)) sum += part;
                CHECK(std::abs(norms.chunks[c] - sum) < 1e-15);
            }
            for (const KernelTable* const kernels : available_kernels()) {
                const Swept<T> other = swept<T>(program, made, *kernels, 3);
                const bool same_rounding = std::string_view(kernels->name) != "portable";
                for (Index r = 0; r < norms.rows.size(); ++r) {
                    CHECK(std::abs(other.norms.rows[r] - norms.rows[r]) < tolerance);
                    if (same_rounding) CHECK(other.norms.rows[r] == norms.rows[r]);
                }
                if (same_rounding) CHECK(other.norms.chunks == norms.chunks);
            }
        }
    }
    return known;
}

bool same(const OutcomesVector<BasisCount>& a, const OutcomesVector<BasisCount>& b) {
    return std::ranges::equal(
        a, b, [](const BasisCount& x, const BasisCount& y) { return x.basis == y.basis && x.count == y.count; });
}

void known_rows_change_no_sample() {
    RunCounters counters;
    const RunContext context{kernels_for(), 2, StopToken(counters)};
    for (const auto& make : {general, ghz, partly_idle}) {
        const Program program = make(15);
        const Plan made = plan(program, {}, {Precision::double_});
        const Swept<double> run = swept<double>(program, made, kernels_for(), 2);
        CHECK(run.known);
        const StateNorms chunks{chunk_probabilities(run.state, context)};
        for (const std::int64_t shots : {1, 10, 1000, 30'000, 1'000'000}) {
            const auto found = sample(run.state, run.norms, shots, key, context);
            CHECK(same(found, sample(run.state, chunks, shots, key, context)));
            std::int64_t total = 0;
            for (const BasisCount& each : found) {
                total += each.count;
                CHECK(std::norm(run.state.amplitudes()[each.basis]) > 0);
            }
            CHECK(total == shots);
        }
    }
}

// Rounding may leave a threshold beyond the running sum of a row or of a chunk.
void rows_that_round_draw_possible_states() {
    RunCounters counters;
    const RunContext context{kernels_for(), 1, StopToken(counters)};
    StateVector<double> state(8, 4);
    std::fill_n(state.amplitudes(), state.size(), 0.0);
    for (const Index basis : {5, 70, 71, 130}) state.amplitudes()[basis] = 0.5;
    const double more = 0.25 + 1e-3;  // as if the sums had been rounded up, or down
    const StateNorms rows{{1.004}, {more, 2 * more - 1e-2, more, 0.0}};
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::int64_t total = 0;
        for (const BasisCount& each : sample(state, rows, 100, {seed, 3}, context)) {
            CHECK(state.amplitudes()[each.basis] != 0.0);
            CHECK(each.count > 0);
            total += each.count;
        }
        CHECK(total == 100);
    }
}

}  // namespace

int main() {
    for (const std::int64_t l2_bytes : {std::int64_t{1} << 12, std::int64_t{1} << 14, std::int64_t{1} << 20}) {
        CHECK(check_norms<double>(Precision::double_, l2_bytes) >= 8);
        CHECK(check_norms<float>(Precision::single, l2_bytes) >= 8);
    }
    known_rows_change_no_sample();
    rows_that_round_draw_possible_states();
    return failed_checks == 0 ? 0 : 1;
}
