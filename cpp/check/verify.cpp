// Verifier: the checks in order, the norm after a stage, the final state of a narrow program, and what a finding says.
#include "check/verify.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <map>
#include <optional>
#include <sstream>

#include "check/reference.hpp"
#include "exec/state_norms.hpp"
#include "program/roles.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr int narrow_qubits = 12;
constexpr std::int32_t never_set = -1;  // in place of a qubit: nothing is read into the classical bit, so it stays 0
constexpr std::size_t narrow_operations = 100'000;
constexpr std::size_t operations_named = 8;

// Adds the time of its life to the report.
class Stopwatch {
 public:
    explicit Stopwatch(VerifyReport& report) : report_(report) {}
    ~Stopwatch() {
        report_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

 private:
    VerifyReport& report_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string finding_text(const std::string& finding, double deviation, double allowed) {
    std::ostringstream text;
    text << "ketjet found an error of its own: " << finding;
    if (allowed > 0) text << "; the deviation is " << deviation << ", rounding explains " << allowed;
    text << ". Please report this with the circuit and the versions of ketjet and Qiskit.";
    return text.str();
}

// Qubits of a contiguous run of amplitudes without qubits outside `active`.
int run_bits(Index active) {
    constexpr int max_run_bits = 14;
    return std::min(std::countr_one(active), max_run_bits);
}

// Runs a program from a state, of no amplitudes for |0...0>, by plain loops.
class ReferenceRun {
 public:
    ReferenceRun(const Program& program, const std::vector<Complex>& start)
        : program_(program),
          block_(low_bits(program.num_qubits()), 0, start.empty() ? zero_state(program.num_qubits()) : start) {}

    // Whether all was certain so far: then there is one final state, and all measurements can be read from it.
    bool is_certain() const { return certain_; }
    const std::vector<Complex>& amplitudes() const { return block_.amplitudes(); }
    const std::map<std::int32_t, std::int32_t>& reads() const { return reads_; }

    void operator()(const MeasureOperation& operation) {
        reads_[operation.clbit] = operation.qubit;
        measured_ |= bit(operation.qubit);
    }
    void operator()(const ResetOperation& operation) {
        moves(bit(operation.qubit));
        if (is_zero(bit(operation.qubit))) return;
        block_.apply(FlipAction{{}, bit(operation.qubit)});
        certain_ = certain_ && is_zero(bit(operation.qubit));
    }
    void operator()(const InitializeOperation& operation) {
        Index targets = 0;
        for (const std::int32_t target : program_.targets(operation.wires)) targets |= bit(target);
        moves(targets);
        certain_ = certain_ && is_zero(targets);
        block_.prepare(program_.targets(operation.wires), *operation.amplitudes);
    }
    void operator()(const auto& operation) {
        for (const Action& action : resolve(program_, operation)) {
            moves(moved_qubits(action));
            block_.apply(action);
        }
    }

 private:
    static std::vector<Complex> zero_state(int num_qubits) {
        std::vector<Complex> state(bit(num_qubits));
        state[0] = 1;
        return state;
    }
    void moves(Index qubits) { certain_ = certain_ && (qubits & measured_) == 0; }
    bool is_zero(Index qubits) const {
        constexpr double rounding = 1e-9;
        double probability = 0;
        for (Index i = 0; i < amplitudes().size(); ++i) {
            if ((i & qubits) != 0) probability += std::norm(amplitudes()[i]);
        }
        return probability < rounding;
    }

    const Program& program_;
    ReferenceBlock block_;
    std::map<std::int32_t, std::int32_t> reads_;  // the qubit of each classical bit
    Index measured_ = 0;
    bool certain_ = true;
};

// The probabilities of the values of some classical bits, read from the qubits given for them.
template <class Amplitudes>
std::map<std::vector<bool>, double> distribution(const Amplitudes& amplitudes, Index size,
                                                 const std::map<std::int32_t, std::int32_t>& reads) {
    std::map<std::vector<bool>, double> result;
    for (Index i = 0; i < size; ++i) {
        std::vector<bool> values;
        for (const auto& [clbit, qubit] : reads) values.push_back(qubit != never_set && (i >> qubit & 1) != 0);
        result[values] += std::norm(static_cast<Complex>(amplitudes[i]));
    }
    return result;
}

}  // namespace

VerificationFailed::VerificationFailed(const std::string& finding, double deviation, double allowed)
    : std::runtime_error(finding_text(finding, deviation, allowed)) {}

Verifier::Verifier(Verify mode, const BoundPlan& bound)
    : mode_(mode), bound_(bound), program_(bound.program), plan_(*bound.plan) {}

bool Verifier::compares_state() const {
    const Program& original = plan_.original;
    return mode_ == Verify::full && original.num_qubits() <= narrow_qubits &&
           original.operations().size() <= narrow_operations &&
           std::ranges::none_of(original.operations(), is_classical);
}

template <class T>
void Verifier::start_in(const StateVector<T>& state, const RunContext& context) {
    length_error_ += std::abs(norms_of(state, context).total() - 1);
    if (compares_state()) start_.assign(state.amplitudes(), state.amplitudes() + state.size());
}

template <class T>
void Verifier::check_plan(const RunContext& context) {
    const Stopwatch stopwatch(report_);
    check_order();
    check_reordering();
    check_matrices();
    if (mode_ == Verify::full) compare_sweeps<T>(context);
}

void Verifier::begin(std::size_t number) {
    const Stage& stage = plan_.stages[number];
    if (!inspects() || !touches_state(stage)) return;
    active_ = low_bits(plan_.state_qubits);
    if (const auto* const sweep = std::get_if<Sweep>(&stage)) {
        active_ = sweep->active_after();
        operations_done_ += static_cast<double>(sweep->operations.size());
    }
    norms_.assign(std::size_t{1} << (count_bits(active_) - run_bits(active_)), 0);
}

template <class T>
void Verifier::add_norms(const StateVector<T>& state, Team::Range share, const StopToken& stop) {
    const Index size = bit(run_bits(active_)), others = active_ & ~(size - 1);
    for (std::int64_t run = share.begin; run < share.end; ++run) {
        stop.throw_if_stopped();
        const auto number = static_cast<Index>(run);
        const std::span amplitudes = Chunk{number, deposit_bits(number, others), size}.of(state);
        std::array<double, 4> sums{};  // several, so that additions need not wait for each other
        for (Index i = 0; i < size; ++i) {
            const double re = amplitudes[i].real(), im = amplitudes[i].imag();
            sums[i % sums.size()] += re * re + im * im;
        }
        norms_[static_cast<std::size_t>(run)] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

template <class T>
void Verifier::end_norm(std::size_t stage) {
    const double norm = pairwise_sum(norms_);
    check(std::abs(norm - 1), 2 * state_rounding<T>(operations_done_) + length_error_,
          [&] { return "the squared norm is " + std::to_string(norm) + " after stage " + std::to_string(stage); });
}

template <class T>
void Verifier::check_norm(std::size_t stage, const StateVector<T>& state, const StopToken& stop, Team& team) {
    std::optional<Stopwatch> stopwatch;
    if (team.rank() == 0) stopwatch.emplace(report_);
    add_norms(state, team.share(static_cast<std::int64_t>(norms_.size())), stop);
    team.barrier();
    if (team.rank() == 0) end_norm<T>(stage);
}

template <class T>
void Verifier::check_state(const StateVector<T>& state, bool whole, const RunContext& context) {
    if (!compares_state()) return;
    const Stopwatch stopwatch(report_);
    const Program original = bound_.original();
    ReferenceRun reference(original, start_);
    for (const Operation& operation : original.operations()) {
        context.stop.throw_if_stopped();
        std::visit(reference, operation);
        if (!reference.is_certain()) return;
    }
    const auto operations = static_cast<double>(original.operations().size());
    double deviation = 0;
    if (whole && state.size() == reference.amplitudes().size()) {
        for (Index i = 0; i < state.size(); ++i) {
            deviation += std::norm(static_cast<Complex>(state.amplitudes()[i]) - reference.amplitudes()[i]);
        }
        deviation = std::sqrt(deviation);
    } else {
        std::map<std::int32_t, std::int32_t> reads;
        for (const auto& [clbit, qubit] : reference.reads()) reads[clbit] = never_set;
        for (const FinalMeasurement& read : plan_.final_measurements) reads[read.clbit] = read.qubit;
        auto expected = distribution(reference.amplitudes(), reference.amplitudes().size(), reference.reads());
        for (const auto& [values, probability] : distribution(state.amplitudes(), state.size(), reads)) {
            expected[values] -= probability;
        }
        for (const auto& [values, difference] : expected) deviation += std::abs(difference);
    }
    check(deviation, 2 * state_rounding<T>(operations) + length_error_,
          [&] { return "the final state is not that of the circuit, though every stage does what the plan says"; });
    report_.state_compared = true;
}

// The part of the other state that is orthogonal to the merged one is the sine of the angle between them.
template <class T>
void Verifier::check_merger(const StateVector<T>& merged, const StateVector<T>& other, double distance, double loss,
                            double operations, const Walk& walk) {
    const Stopwatch stopwatch(report_);
    const auto sum_over = [&](auto term) {  // of the two states' amplitudes
        return sum_chunks(merged.size(), walk, [&](const Chunk& chunk) {
            const std::span kept = chunk.of(merged), lost = chunk.of(other);
            auto sum = term(Complex(kept[0]), Complex(lost[0]));
            for (Index i = 1; i < chunk.size; ++i) sum += term(Complex(kept[i]), Complex(lost[i]));
            return sum;
        });
    };
    const double length = std::sqrt(sum_over([](Complex kept, Complex) { return std::norm(kept); }));
    const Complex part =
        sum_over([](Complex kept, Complex lost) { return std::conj(kept) * lost; }) / (length * length);
    const double sine =
        std::sqrt(sum_over([&](Complex kept, Complex lost) { return std::norm(lost - part * kept); })) / length;
    check(std::max(sine - distance, 0.0), state_rounding<T>(0),
          [] { return "trajectories have been merged though their states differ"; });
    check(loss, state_rounding<T>(operations), [] { return "mergers of trajectories have changed too much"; });
    ++report_.mergers;
    report_.merging_loss = std::max(report_.merging_loss, loss);
}

std::string describe(const Plan& plan, std::uint32_t operation) {
    const Operation& which = plan.program.operations()[operation];
    std::ostringstream text;
    text << "operation " << plan.origins[operation] << " (" << name_of(which);
    const Roles role = roles(plan.program, which);
    const char* separator = " on qubits ";
    for (Index rest = role.local | role.diagonal; rest != 0; rest &= rest - 1, separator = ", ") {
        text << separator << std::countr_zero(rest);
    }
    return text.str() + ")";
}

std::string describe(const Plan& plan, std::span<const std::uint32_t> operations) {
    std::string text;
    for (std::size_t i = 0; i < std::min(operations.size(), operations_named); ++i) {
        text += (i == 0 ? "" : ", ") + describe(plan, operations[i]);
    }
    const std::size_t more = operations.size() - std::min(operations.size(), operations_named);
    return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

#define KETJET_INSTANTIATE(T)                                                                                     \
    template void Verifier::start_in<T>(const StateVector<T>&, const RunContext&);                                \
    template void Verifier::check_plan<T>(const RunContext&);                                                     \
    template void Verifier::check_norm<T>(std::size_t, const StateVector<T>&, const StopToken&, Team&);           \
    template void Verifier::check_merger<T>(const StateVector<T>&, const StateVector<T>&, double, double, double, \
                                            const Walk&);                                                         \
    template void Verifier::check_state<T>(const StateVector<T>&, bool, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
