// What sampling relies on: the norms that the last sweep adds up have the digits of those that are read from the state,
// for all block shapes, threads and instruction sets, and whether rows are known changes no sample; and lists of shots.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "base/machine.hpp"
#include "base/random_streams.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "exec/state_norms.hpp"
#include "exec/sweep_norms.hpp"
#include "kernels/dispatch.hpp"
#include "plan/cost.hpp"
#include "plan/planner.hpp"
#include "readout/outcomes.hpp"
#include "readout/sampler.hpp"
#include "shots/run_stages.hpp"

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
    SweepNorms norms(wanted, plan.state_qubits);
    const RunContext context{kernels, threads, StopToken(counters)};
    StateVector<T> state(plan.num_qubits, plan.state_qubits);
    run_stages(BoundPlan(plan, program), state, key, {&norms}, context);
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

// The rows' norms, read from the state.
template <class T>
std::vector<double> rows_of(const StateVector<T>& state, int row_bits, const KernelTable& kernels) {
    LeafNorms<T> leaves(kernels_of<T>(kernels));
    std::vector<double> rows;
    for (Index first = 0; first < state.stored_size(); first += bit(row_bits)) {
        rows.push_back(sum_in_place(leaves({state.amplitudes() + first, bit(row_bits)})));
    }
    return rows;
}

// How many lengths of rows there were.
template <class T>
std::size_t check_norms(Precision precision) {
    constexpr double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
    std::set<int> lengths;
    for (const int cache_bits : {8, 9, 10, 12, 14, 20}) {
        Machine machine;
        machine.l2_bytes = std::int64_t{1} << cache_bits;
        for (const int num_qubits : {1, 3, 4, 5, 6, 9, 12, 15}) {
            for (const auto& make : {general, real, ghz, partly_idle}) {
                const Program program = make(num_qubits);
                const Plan made = plan(program, machine, {precision});
                const bool has_sweep = plan_cost(made, 1).norm_bytes > 0;
                CHECK(has_sweep || (make == partly_idle && num_qubits <= 3));
                if (!has_sweep) continue;
                swept<T>(program, made, kernels_for(), 2, SweepNorms::Wanted::total);
                for (const KernelTable* const kernels : available_kernels()) {
                    RunCounters counters;
                    const Swept<T> run = swept<T>(program, made, *kernels, 3);
                    const StateNorms read = norms_of(run.state, {*kernels, 1, StopToken(counters)});
                    CHECK(run.known);
                    CHECK(run.norms.chunks == read.chunks);
                    CHECK(std::ranges::equal(run.norms.rows, rows_of(run.state, run.norms.row_bits, *kernels)));
                    CHECK(run.norms.rows.size() * sizeof(double) ==
                          static_cast<std::size_t>(plan_cost(made, 1).norm_bytes));
                    for (Index c = 0; c < read.chunks.size(); ++c) {
                        const Index first = c << chunk_bits, last = std::min(run.state.size(), first + bit(chunk_bits));
                        CHECK(std::abs(read.chunks[c] - norm(run.state, first, last)) < tolerance);
                    }
                    if (std::string_view(kernels->name) != "portable") {
                        const StateNorms other = norms_of(run.state, {kernels_for(), 2, StopToken(counters)});
                        if (std::string_view(kernels_for().name) != "portable") CHECK(other.chunks == read.chunks);
                    }
                    lengths.insert(run.norms.row_bits);
                }
            }
        }
    }
    return lengths.size();
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
        const StateNorms chunks = norms_of(run.state, context);
        for (const std::int64_t shots : {1, 10, 1000, 30'000, 1'000'000}) {
            const auto found = sample(run.state, run.norms, shots, key, 0, context);
            CHECK(same(found, sample(run.state, chunks, shots, key, 0, context)));
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
    for (const Index basis : {5u, 70u, 71u, 130u}) state.amplitudes()[basis] = 0.5;
    const double more = 0.25 + 1e-3;  // as if the sums had been rounded up, or down
    const StateNorms rows{{1.004}, {more, 2 * more - 1e-2, more, 0.0}, 6};
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::int64_t total = 0;
        for (const BasisCount& each : sample(state, rows, 100, {seed, 3}, 0, context)) {
            CHECK(state.amplitudes()[each.basis] != 0.0);
            CHECK(each.count > 0);
            total += each.count;
        }
        CHECK(total == 100);
    }
}

// Whatever outcomes stand for comes in the same order as they do.
void rows_are_listed_in_the_order_of_the_shots() {
    RunCounters counters;
    OutcomeTable table{2, {3, 0, 5, 1, 7, 2}, {4, 9, 1}};
    const std::vector<std::uint8_t> rows{10, 11, 12, 20, 21, 22, 30, 31, 32};
    const auto shots = list_shots(table, key, 0, StopToken(counters));
    std::vector<std::uint8_t> listed(14 * 3);
    list_rows(rows, 3, table.counts, key, listed.data());
    for (std::size_t i = 0; i < 14; ++i) {
        const std::size_t outcome = shots[2 * i] == 3 ? 0 : shots[2 * i] == 5 ? 1 : 2;
        CHECK(std::equal(listed.begin() + static_cast<std::ptrdiff_t>(3 * i),
                         listed.begin() + static_cast<std::ptrdiff_t>(3 * i + 3),
                         rows.begin() + static_cast<std::ptrdiff_t>(3 * outcome)));
    }
}

}  // namespace

int main() {
    CHECK(check_norms<double>(Precision::double_) >= 4);
    CHECK(check_norms<float>(Precision::single) >= 4);
    known_rows_change_no_sample();
    rows_that_round_draw_possible_states();
    rows_are_listed_in_the_order_of_the_shots();
    return failed_checks == 0 ? 0 : 1;
}
