// Every kernel of every instruction set that this CPU has: what it does to a state is compared with plain loops
// (Verify::full), and states of all tables with each other, bit for bit if products and sums are fused.
#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

#include "base/machine.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"
#include "run/run.hpp"

using namespace ketjet;

namespace {

const KernelTable* tested;

template <class T>
const Kernels& kernels_under_test() {
    return sizeof(T) == 4 ? tested->single : tested->double_;
}

// Stands in for one kernel of the table under test, and counts its calls.
template <class T, auto Kernel>
struct Counted;
template <class T, class... Args, void (*Kernels::*Kernel)(Args...)>
struct Counted<T, Kernel> {
    static inline int calls = 0;
    static void call(Args... args) {
        ++calls;
        (kernels_under_test<T>().*Kernel)(args...);
    }
};

template <class T, auto... Kernel>
struct CountedKernels {
    static Kernels of_table() {
        Kernels kernels = kernels_under_test<T>();
        ((kernels.*Kernel = Counted<T, Kernel>::call), ...);
        return kernels;
    }
    static bool all_were_called() { return (... && (Counted<T, Kernel>::calls > 0)); }
    static void start_again() { ((Counted<T, Kernel>::calls = 0), ...); }
};
template <class T>
using All =
    CountedKernels<T, &Kernels::gather, &Kernels::scatter, &Kernels::dense, &Kernels::diagonal, &Kernels::exchange,
                   &Kernels::rotation, &Kernels::turn, &Kernels::phase, &Kernels::turn_phase, &Kernels::reflect>;

// The discrete Fourier transform: a unitary matrix without a zero.
std::vector<Complex> fourier(std::size_t rows) {
    std::vector<Complex> matrix;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < rows; ++column) {
            const double turns = static_cast<double>(row * column % rows) / static_cast<double>(rows);
            matrix.push_back(std::polar(1 / std::sqrt(static_cast<double>(rows)), 2 * std::numbers::pi * turns));
        }
    }
    return matrix;
}

// Dense matrices of all widths, turns, phases and exchanges on every qubit, so on lanes, vectors and cold qubits.
Program general(int num_qubits) {
    Builder builder(num_qubits);
    for (int q = 0; q < num_qubits; ++q) {
        const int next = (q + 1) % num_qubits, third = (q + 2) % num_qubits, fourth = (q + 3) % num_qubits;
        builder.gate("u", {q}, {0.3 + q, 0.1 * q, 0.7});
        builder.gate("h", {next});
        builder.gate("cx", {q, third});
        builder.gate("crz", {next, q}, {0.5});
        builder.unitary({q, next}, fourier(4));
        builder.gate("cry", {q, fourth}, {0.9});
        builder.gate("ccx", {third, q, next});
        builder.gate("rxx", {q, third}, {0.8});
        builder.gate("ryy", {next, fourth}, {0.6});
        builder.unitary({third, q, next}, fourier(8));
        builder.gate("cswap", {q, next, third});
        builder.gate("rzx", {q, fourth}, {1.1});
        if (q % 4 == 0) builder.unitary({q, third, next, fourth}, fourier(16));
    }
    return builder.build();
}

// All amplitudes stay real but for the last gate.
Program real(int num_qubits) {
    Builder builder(num_qubits);
    for (int layer = 0; layer < 4; ++layer) {
        for (int q = 0; q < num_qubits; ++q) builder.gate("ry", {q}, {0.3 + q + layer});
        for (int q = 0; q + 1 < num_qubits; ++q) builder.gate(q % 3 == 0 ? "cz" : "cx", {q, q + 1});
        for (int q = 0; q + 1 < num_qubits; q += 2) builder.gate("ch", {q + 1, q});
        builder.gate("ccz", {0, num_qubits / 2, num_qubits - 1});
    }
    builder.gate("t", {0});
    return builder.build();
}

template <class T>
std::vector<std::complex<T>> final_state(const Program& program, const Plan& plan) {
    KernelTable counted = *tested;
    (sizeof(T) == 4 ? counted.single : counted.double_) = All<T>::of_table();
    RunRequest request;
    request.keep_state = true;
    request.verify = Verify::full;
    RunCounters counters;
    const RunResult<T> result = run<T>(BoundPlan(plan, program), request, {counted, 1, StopToken(counters)});
    const std::complex<T>* const amplitudes = result.state->amplitudes();
    return {amplitudes, amplitudes + result.state->size()};
}

template <class T>
double distance(const std::vector<std::complex<T>>& a, const std::vector<std::complex<T>>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::norm(std::complex<double>(a[i] - b[i]));
    return std::sqrt(sum);
}

// The final states of all programs, with every optimisation and with those left out that spare kernels some work.
template <class T>
std::vector<std::vector<std::complex<T>>> final_states(Precision precision) {
    Machine machine;
    machine.l2_bytes = 1 << 12;
    PlanOptions plain;
    plain.merge_dense = plain.turn_pairs = plain.merge_passes = plain.block_frame = plain.real_blocks = false;
    std::vector<std::vector<std::complex<T>>> states;
    for (const int num_qubits : {4, 7, 11}) {
        for (const auto& make : {general, real}) {
            const Program program = make(num_qubits);
            for (const PlanOptions& options : {PlanOptions{}, plain}) {
                states.push_back(final_state<T>(program, plan(program, machine, {precision, options})));
            }
        }
    }
    return states;
}

template <class T>
void check_tables(Precision precision) {
    std::vector<std::vector<std::complex<T>>> best;
    for (const KernelTable* const table : available_kernels()) {
        tested = table;
        All<T>::start_again();
        const auto states = final_states<T>(precision);
        CHECK(All<T>::all_were_called());
        if (best.empty()) best = states;
        for (std::size_t i = 0; i < states.size(); ++i) {
            CHECK(distance(states[i], best[i]) < (sizeof(T) == 4 ? 1e-5 : 1e-14));
            if (std::string_view(table->name) != "portable") CHECK(states[i] == best[i]);
        }
    }
}

}  // namespace

int main() {
    check_tables<double>(Precision::double_);
    check_tables<float>(Precision::single);
    return failed_checks == 0 ? 0 : 1;
}
