// Every kernel of every instruction set that this CPU has: what it does to a state is compared with plain loops
// (Verify::full), and states of all tables with each other, bit for bit if products and sums are fused; likewise the
// sums that it reads from a block, and what Pauli strings make of one.
#include <array>
#include <cmath>
#include <complex>
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
class StringsOnBlocks {
 public:
    StringsOnBlocks(int block_bits, Index flip, const Condition& condition, bool same, std::uint64_t seed)
        : block_bits_(block_bits), flip_(flip), condition_(condition), random_(seed) {
        for (std::vector<std::complex<T>>& amplitudes : amplitudes_) {
            for (Index i = 0; i < bit(block_bits); ++i) amplitudes.push_back({number(), number()});
        }
        if (same) amplitudes_[1] = amplitudes_[0];
    }

    // What the kernels under test give for so many strings; the real parts for the first ones.
    std::vector<double> sums(int real_count, int count) {
        const Placed placed(*this, count);
        std::vector<StringSigns> strings;
        for (int k = 0; k < count; ++k) strings.push_back({vectors_of(z(k)), placed.signs(k)});
        std::vector<double> sums(static_cast<std::size_t>(count), 1);
        AlignedBuffer scratch(pauli_scratch_bytes * static_cast<std::size_t>(count));
        const bool same = amplitudes_[0] == amplitudes_[1];
        kernels_under_test<T>().pauli_sums(
            placed.block(0),
            {placed.subset(vectors_of(condition_.mask), vectors_of(condition_.value)), placed.block(same ? 0 : 1),
             placed.flip_offset(), lanes_of(flip_), strings.data(), real_count, count, sums.data(), scratch.data()});
        return sums;
    }

    // What they make of the bra when they add to it what the strings make of the ket, and the same strings once more
    // without flips.
    std::vector<std::complex<T>> applied(int real_count, int count) {
        const Placed placed(*this, count);
        std::vector<WeightedSigns> strings;
        for (int k = 0; k < count; ++k) strings.push_back({vectors_of(z(k)), placed.signs(k), coefficient(k)});
        const std::uint64_t fixed = vectors_of(condition_.mask), value = vectors_of(condition_.value);
        const PauliGroup groups[] = {
            {fixed, value, placed.flip_offset(), lanes_of(flip_), strings.data(), real_count, count},
            {fixed, value, 0, 0, strings.data(), real_count, count}};
        kernels_under_test<T>().pauli_apply(placed.block(1), {placed.subset(0, 0), placed.block(0), groups, 2});
        std::vector<std::complex<T>> result;
        for (Index i = 0; i < bit(block_bits_); ++i) result.push_back(placed.amplitude(1, i));
        return result;
    }
    std::vector<Complex> expected_applied(int real_count, int count) const {
        std::vector<Complex> result(amplitudes_[1].begin(), amplitudes_[1].end());
        for (Index i = 0; i < bit(block_bits_); ++i) {
            if ((i & condition_.mask) != condition_.value) continue;
            Complex factor = 0;
            for (int k = 0; k < count; ++k) {
                const double signed_coefficient = parity(i & z(k)) ? -coefficient(k) : coefficient(k);
                factor += k < real_count ? Complex(signed_coefficient) : Complex(0, signed_coefficient);
            }
            result[i] += factor * (Complex(amplitudes_[0][i ^ flip_]) + Complex(amplitudes_[0][i]));
        }
        return result;
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
    // The ket (0) and the bra (1) in blocks for the kernels under test, in an order of vectors and lanes of their own.
    class Placed {
     public:
        Placed(const StringsOnBlocks& group, int count)
            : lane_bits_(kernels_under_test<T>().lane_bits),
              vector_bits_(group.block_bits_ - lane_bits_),
              lane_order_(low_bits(lane_bits_) & 5),
              flip_(group.flip_),
              high_(bit(std::max(0, vector_bits_ - 6))) {
            for (Index y = 0; y < low_.size(); ++y) {
                low_[y] = static_cast<std::uint32_t>((y ^ (y << 1 & 12)) << (lane_bits_ + 1));
            }
            for (Index y = 0; y < high_.size(); ++y) {
                high_[y] = static_cast<std::uint32_t>((y << 6 ^ (y & 1)) << (lane_bits_ + 1));
            }
            for (int block = 0; block < 2; ++block) {
                blocks_[block] = AlignedBuffer(sizeof(T) * bit(group.block_bits_ + 2));
                for (Index i = 0; i < bit(group.block_bits_); ++i) {
                    T* const place = place_of(block, i);
                    place[0] = group.amplitudes_[block][i].real();
                    place[bit(lane_bits_)] = group.amplitudes_[block][i].imag();
                }
            }
            for (int k = 0; k < count; ++k) {
                T* const signs = static_cast<T*>(lane_signs_.emplace_back(sizeof(T) * bit(lane_bits_)).data());
                for (Index lane = 0; lane < bit(lane_bits_); ++lane) {
                    const Index i = lane ^ lane_order_, mask = group.condition_.mask & low_bits(lane_bits_);
                    signs[lane] = (i & mask) != (group.condition_.value & mask) ? T(0)
                                  : parity(i & group.z(k))                      ? T(-1)
                                                                                : T(1);
                }
            }
        }
        VectorSubset subset(std::uint64_t fixed, std::uint64_t value) const {
            return {fixed, value, vector_bits_, map(), nullptr};
        }
        std::uint32_t flip_offset() const { return address(flip_ >> lane_bits_) ^ address(0); }
        void* block(int block) const { return blocks_[block].data(); }
        const T* signs(int k) const { return static_cast<const T*>(lane_signs_[static_cast<std::size_t>(k)].data()); }
        std::complex<T> amplitude(int block, Index i) const {
            const T* const place = place_of(block, i);
            return {place[0], place[bit(lane_bits_)]};
        }

     private:
        AddressMap map() const {
            return {low_.data(), high_.data(), vector_bits_ > 0 ? std::uint32_t{2} << lane_bits_ : 0};
        }
        std::uint32_t address(Index y) const { return low_[y & 63] ^ high_[y >> 6] ^ map().affine; }
        T* place_of(int block, Index i) const {
            return static_cast<T*>(blocks_[block].data()) + address(i >> lane_bits_) +
                   ((i & low_bits(lane_bits_)) ^ lane_order_);
        }

        int lane_bits_;
        int vector_bits_;
        Index lane_order_;
        Index flip_;
        std::array<std::uint32_t, 64> low_;
        std::vector<std::uint32_t> high_;
        AlignedBuffer blocks_[2];
        std::vector<AlignedBuffer> lane_signs_;
    };

    static double coefficient(int k) { return 0.5 - 0.37 * (k % 5); }
    static Index vectors_of(Index index) { return index >> kernels_under_test<T>().lane_bits; }
    static int lanes_of(Index index) { return static_cast<int>(index & low_bits(kernels_under_test<T>().lane_bits)); }
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
    constexpr std::pair<int, int> counts[] = {{1, 1}, {0, 2}, {3, 3}, {4, 4}, {2, 3}, {0, 5}, {9, 9}, {30, 70}, {1, 5}};
    for (const int block_bits : {4, 5, 8, 12}) {
        const Index high = bit(block_bits - 1);
        const Condition conditions[] = {{}, {2, 0}, {low_bits(4) & ~Index{4}, 9}, {high | 1, high}};
        for (const Index flip : {Index{0}, Index{4}, high, high | 4, bit(3)}) {
            for (const Condition& condition : conditions) {
                if ((condition.mask & flip) != 0) continue;
                for (const bool same : {false, true}) {
                    StringsOnBlocks<T> group(block_bits, flip, condition, same, flip + 17 * condition.mask);
                    for (const auto& [real_count, count] : counts) {
                        const std::vector<double> expected = group.expected(real_count, count);
                        const std::vector<Complex> expected_applied = group.expected_applied(real_count, count);
                        std::vector<double> best;
                        std::vector<std::complex<T>> best_applied;
                        for (const KernelTable* const table : available_kernels()) {
                            tested = table;
                            const std::vector<double> sums = group.sums(real_count, count);
                            for (std::size_t k = 0; k < sums.size(); ++k) {
                                CHECK(std::abs(sums[k] - expected[k]) <
                                      tolerance * static_cast<double>(bit(block_bits)));
                            }
                            const std::vector<std::complex<T>> applied = group.applied(real_count, count);
                            for (std::size_t i = 0; i < applied.size(); ++i) {
                                CHECK(std::abs(Complex(applied[i]) - expected_applied[i]) < tolerance * (10 + count));
                            }
                            if (best.empty()) {
                                best = sums;
                                best_applied = applied;
                            }
                            if (std::string_view(table->name) != "portable") {
                                CHECK(sums == best);
                                CHECK(applied == best_applied);
                            }
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
