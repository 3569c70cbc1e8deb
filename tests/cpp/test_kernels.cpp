// Every kernel of every instruction set that this CPU has: what it does to a state is compared with plain loops
// (Verify::full), and states of all tables with each other, bit for bit if products and sums are fused; likewise the
// sums that it reads from a block.
#include <cmath>
#include <numbers>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/bits.hpp"
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

// Two blocks in the layout of the kernels under test, with vectors that lie elsewhere and lanes in another order, and
// the strings of a group over them.
template <class T>
class PauliGroup {
 public:
    PauliGroup(int block_bits, Index flip, const Condition& condition, bool same, std::uint64_t seed)
        : block_bits_(block_bits), flip_(flip), condition_(condition), random_(seed) {
        for (std::vector<std::complex<T>>& amplitudes : amplitudes_) {
            for (Index i = 0; i < bit(block_bits); ++i) amplitudes.push_back({number(), number()});
        }
        if (same) amplitudes_[1] = amplitudes_[0];
    }

    // What the kernels under test give for so many strings; the real parts for the first ones.
    std::vector<double> sums(int real_count, int count) {
        const Kernels& kernels = kernels_under_test<T>();
        const int lane_bits = kernels.lane_bits, vector_bits = block_bits_ - lane_bits;
        const Index lane_order = low_bits(lane_bits) & 5;
        std::vector<std::uint32_t> low(64), high(bit(std::max(0, vector_bits - 6)));
        for (Index y = 0; y < low.size(); ++y)
            low[y] = static_cast<std::uint32_t>((y ^ (y << 1 & 12)) << (lane_bits + 1));
        for (Index y = 0; y < high.size(); ++y)
            high[y] = static_cast<std::uint32_t>((y << 6 ^ (y & 1)) << (lane_bits + 1));
        const AddressMap map{low.data(), high.data(), vector_bits > 0 ? std::uint32_t{2} << lane_bits : 0};
        AlignedBuffer blocks[2] = {AlignedBuffer(sizeof(T) * bit(block_bits_ + 2)),
                                   AlignedBuffer(sizeof(T) * bit(block_bits_ + 2))};
        const auto address = [&](Index y) { return map.low[y & 63] ^ map.high[y >> 6] ^ map.affine; };
        for (int block = 0; block < 2; ++block) {
            T* const scalars = static_cast<T*>(blocks[block].data());
            for (Index i = 0; i < bit(block_bits_); ++i) {
                T* const place = scalars + address(i >> lane_bits) + ((i & low_bits(lane_bits)) ^ lane_order);
                place[0] = amplitudes_[block][i].real();
                place[bit(lane_bits)] = amplitudes_[block][i].imag();
            }
        }
        std::vector<StringSigns> strings;
        std::vector<AlignedBuffer> lane_signs;
        for (int k = 0; k < count; ++k) {
            T* const signs = static_cast<T*>(lane_signs.emplace_back(sizeof(T) * bit(lane_bits)).data());
            for (Index lane = 0; lane < bit(lane_bits); ++lane) {
                const Index i = lane ^ lane_order;
                const Index mask = condition_.mask & low_bits(lane_bits), value = condition_.value & mask;
                signs[lane] = (i & mask) != value ? T(0) : parity(i & z(k)) ? T(-1) : T(1);
            }
            strings.push_back({z(k) >> lane_bits, signs});
        }
        std::vector<double> sums(static_cast<std::size_t>(count), 1);
        AlignedBuffer scratch(pauli_scratch_bytes * static_cast<std::size_t>(count));
        const bool same = amplitudes_[0] == amplitudes_[1];
        const VectorSubset subset{condition_.mask >> lane_bits, condition_.value >> lane_bits, vector_bits, map,
                                  nullptr};
        kernels.pauli_sums(blocks[0].data(),
                           {subset, blocks[same ? 0 : 1].data(), address(flip_ >> lane_bits) ^ address(0),
                            static_cast<int>(flip_ & low_bits(lane_bits)), strings.data(), real_count, count,
                            sums.data(), scratch.data()});
        return sums;
    }

    std::vector<double> expected(int real_count, int count) const {
        std::vector<double> sums(static_cast<std::size_t>(count), 1);
        for (int k = 0; k < count; ++k) {
            Complex sum = 0;
            for (Index i = 0; i < bit(block_bits_); ++i) {
                if ((i & condition_.mask) != condition_.value) continue;
                const Complex product = std::conj(Complex(amplitudes_[1][i ^ flip_])) * Complex(amplitudes_[0][i]);
                sum += parity(i & z(k)) ? -product : product;
            }
            sums[static_cast<std::size_t>(k)] += k < real_count ? sum.real() : sum.imag();
        }
        return sums;
    }

 private:
    Index z(int k) const { return static_cast<Index>(k) * 0x9e3779b97f4a7c15 >> 20 & low_bits(block_bits_); }
    T number() { return std::uniform_real_distribution<T>(-1, 1)(random_); }

    int block_bits_;
    Index flip_;
    Condition condition_;
    std::mt19937_64 random_;
    std::vector<std::complex<T>> amplitudes_[2];  // of ket and bra
};

template <class T>
void check_pauli_sums() {
    const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;  // of an amplitude
    constexpr std::pair<int, int> counts[] = {{1, 1}, {0, 2}, {3, 3}, {4, 4}, {2, 3}, {0, 5}, {9, 9}, {30, 70}};
    for (const int block_bits : {4, 5, 8, 12}) {
        const Index high = bit(block_bits - 1);
        const Condition conditions[] = {{}, {2, 0}, {low_bits(4) & ~Index{4}, 9}, {high | 1, high}};
        for (const Index flip : {Index{0}, Index{4}, high, high | 4, bit(3)}) {
            for (const Condition& condition : conditions) {
                if ((condition.mask & flip) != 0) continue;
                for (const bool same : {false, true}) {
                    PauliGroup<T> group(block_bits, flip, condition, same, flip + 17 * condition.mask);
                    for (const auto& [real_count, count] : counts) {
                        const std::vector<double> expected = group.expected(real_count, count);
                        std::vector<double> best;
                        for (const KernelTable* const table : available_kernels()) {
                            tested = table;
                            const std::vector<double> sums = group.sums(real_count, count);
                            for (std::size_t k = 0; k < sums.size(); ++k) {
                                CHECK(std::abs(sums[k] - expected[k]) <
                                      tolerance * static_cast<double>(bit(block_bits)));
                            }
                            if (best.empty()) best = sums;
                            if (std::string_view(table->name) != "portable") CHECK(sums == best);
                        }
                    }
                }
            }
        }
    }
}

}  // namespace

int main() {
    check_tables<double>(Precision::double_);
    check_tables<float>(Precision::single);
    check_pauli_sums<double>();
    check_pauli_sums<float>();
    return failed_checks == 0 ? 0 : 1;
}
