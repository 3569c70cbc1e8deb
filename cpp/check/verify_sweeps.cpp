// Verifier::compare_sweeps: every sweep is emitted as for the run and carried out on single blocks by the real kernels,
// from a random vector, and the same block is taken through the sweep's operations in program order by plain loops. One
// block holds every pair of operations that changed order, all coefficients and the whole frame; cold qubits are
// constants of a block, so three blocks with different bits there see conditions on them both ways. A sweep that starts
// from zeros is compared from them too, with NaN in the memory that it must not read. If all that would take long
// beside the run itself, fewer blocks, then fewer sweeps are compared; the report tells how many.
#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>

#include "base/parallel.hpp"
#include "base/random_streams.hpp"
#include "check/reference.hpp"
#include "check/verify.hpp"
#include "emit/emit_sweep.hpp"
#include "emit/layer_turn.hpp"

namespace ketjet {

namespace {

constexpr double min_budget = 1 << 26;      // amplitudes changed by plain loops, some 0.2 s on one thread
constexpr double share_of_run = 1.0 / 256;  // of the amplitudes changed by the run, where that is more
constexpr int max_block_qubits = 20;

double matrix_columns(const Operation& operation) {
    const auto* const unitary = std::get_if<UnitaryOperation>(&operation);
    return unitary == nullptr ? 1 : std::exp2(unitary->wires.targets);
}

// A block to be compared: the bits of cold qubits, and whether it starts from what the sweep knows to be zero.
struct Sample {
    Index base;
    bool grows;
    bool operator==(const Sample&) const = default;
};

// Cold bits all set, random ones, and the opposite of those.
std::vector<Sample> samples_of(const Sweep& sweep, std::uint32_t stage) {
    const Index hot = mask_of(sweep.hot), cold = sweep.active & ~hot;
    const Index random = RandomStream(random_streams::check_key, random_streams::check_blocks, stage).next_u64() & cold;
    std::vector<Sample> samples;
    for (const Index base : {cold, random, cold & ~random}) {
        if (std::ranges::find(samples, Sample{base, false}) == samples.end()) samples.push_back({base, false});
    }
    if ((hot & ~sweep.active) != 0) samples.push_back({random, true});
    return samples;
}

// The sweep on any state.
Sweep without_growth(const Sweep& sweep) {
    Sweep result = sweep;
    result.active |= mask_of(sweep.hot);
    return result;
}

// A block by itself: what lay in distant rows is brought together.
template <class T>
BoundSweep emit_compact(const Program& program, const Sweep& sweep, const Kernels& kernels) {
    BoundSweep bound = emit_sweep<T>(program, sweep, kernels);
    for (Rows* const rows : {&bound.gathered, &bound.scattered}) {
        for (std::size_t row = 0; row < rows->offsets.size(); ++row) rows->offsets[row] = row << rows->run_bits;
    }
    if (bound.unfolding) bound.unfolding->offset = bit(bound.block_qubits);
    bound.zero_mask = extract_bits(bound.zero_mask, mask_of(sweep.hot));
    return bound;
}

template <class T>
class BlockComparison {
 public:
    // The block's start: random, normalised, zero where the sweep may rely on zeros and NaN there for the kernels.
    BlockComparison(const Plan& plan, const Sweep& sweep, std::uint32_t stage, const RunContext& context)
        : sweep_(sweep),
          context_(context),
          state_qubits_(plan.state_qubits),
          given_(bit(static_cast<int>(sweep.hot.size()))),
          start_(given_.size()) {
        const Index hot = mask_of(sweep.hot), inactive = extract_bits(hot & ~sweep.active, hot);
        constexpr T unread = std::numeric_limits<T>::quiet_NaN();
        RandomStream random(random_streams::check_key, random_streams::check_start, stage);
        double length = 0;
        for (Index i = 0; i < start_.size(); ++i) {
            if ((i & inactive) != 0) continue;
            start_[i] = sweep.active == 0 ? Complex(1) : Complex(random.uniform() - 0.5, random.uniform() - 0.5);
            length += std::norm(start_[i]);
        }
        for (Index i = 0; i < start_.size(); ++i) {
            given_[i] = (i & inactive) != 0 ? std::complex<T>(unread, unread)
                                            : static_cast<std::complex<T>>(start_[i] / std::sqrt(length));
            start_[i] = (i & inactive) != 0 ? Complex(0) : static_cast<Complex>(given_[i]);
        }
        if (sweep.folded >= 0) start_ = unfolded(start_);
    }

    // The distance between the sweep as bound and `actions` one by one.
    double distance(const BoundSweep& bound, std::span<const Action> actions, Index base) const {
        ReferenceBlock reference(sweep_.within_reach(), base, start_);
        for (const Action& action : actions) {
            context_.stop.throw_if_stopped();
            reference.apply(action);
        }
        StateVector<T> block(bound.block_qubits + (sweep_.unfolds ? 1 : 0), minimum_state_qubits);
        std::ranges::copy(given_, block.amplitudes());
        run_block(bound, base, block.scalars(), state_qubits_, context_);
        std::vector<Complex> result(block.amplitudes(), block.amplitudes() + block.size());
        if (sweep_.unfolds) {
            for (Index i = 0; i < result.size(); ++i) {
                result[number_of(i % given_.size(), i / given_.size())] = static_cast<Complex>(block.amplitudes()[i]);
            }
        } else if (sweep_.folded >= 0) {
            result = unfolded(result);
        }
        double sum = 0;
        for (Index i = 0; i < result.size(); ++i) sum += std::norm(result[i] - reference.amplitudes()[i]);
        return std::sqrt(sum);
    }

 private:
    // The number of an amplitude among those of all qubits within reach: of a number of the block, its real or its
    // imaginary part.
    Index number_of(Index i, Index imaginary) const {
        const Index reach = sweep_.within_reach(), hot = mask_of(sweep_.hot);
        return extract_bits(deposit_bits(i, hot) | (imaginary << sweep_.folded), reach);
    }
    std::vector<Complex> unfolded(std::span<const Complex> numbers) const {
        std::vector<Complex> result(2 * numbers.size());
        for (Index i = 0; i < numbers.size(); ++i) {
            result[number_of(i, 0)] = numbers[i].real();
            result[number_of(i, 1)] = numbers[i].imag();
        }
        return result;
    }

    const Sweep& sweep_;
    const RunContext& context_;
    int state_qubits_;
    std::vector<std::complex<T>> given_;
    std::vector<Complex> start_;  // the same as amplitudes, where the sweep is folded
};

// One part of a run on one or two qubits, as actions.
std::vector<Action> actions_of_term(const Program& program, const Sweep& sweep, const Term& term) {
    const auto operations = sweep.operations_of(term);
    if (term.part == Part::whole) return actions_of(program, operations);
    const LayerTurn split = turn_of(program, operations, Direction::forwards, false);
    if (const auto* const pair = std::get_if<PairTurn>(&split)) {
        return {part_of_pair(pair->rotation, term.part, pair->low, pair->high)};
    }
    GivensRotation turn = std::get<QubitTurn>(split).rotation;
    const Targets target{std::get<QubitTurn>(split).qubit};
    if (term.part == Part::before) return {DiagonalAction{{}, target, {1, std::polar(1.0, turn.before)}}};
    if (term.part == Part::after) return {DiagonalAction{{}, target, {1, std::polar(1.0, turn.after)}}};
    turn.before = turn.after = 0;
    return {DenseAction{{}, target, recomposed(turn)}};
}

// Names the pass that differs when it is run alone on some state; if there is none, their order is wrong.
template <class T>
std::string find_pass(const Program& program, const Plan& plan, const Sweep& sweep, std::uint32_t stage, Index base,
                      double allowed, const RunContext& context) {
    const std::string where = "stage " + std::to_string(stage) + ", ";
    const auto differs = [&](const Pass& pass) {
        Sweep alone = without_growth(sweep);
        alone.passes = {pass};
        std::vector<Action> actions;
        for (const Term& term : terms_of(pass)) {
            std::ranges::move(actions_of_term(program, sweep, term), std::back_inserter(actions));
        }
        const BoundSweep bound = emit_compact<T>(program, alone, kernels_of<T>(context.kernels));
        return !(BlockComparison<T>(plan, alone, stage, context).distance(bound, actions, base) <= allowed);
    };
    for (std::size_t number = 0; number < sweep.passes.size(); ++number) {
        const Pass& pass = sweep.passes[number];
        if (!differs(pass)) continue;
        std::vector<std::uint32_t> operations;
        for (const Term& term : terms_of(pass)) {
            std::ranges::copy(sweep.operations_of(term), std::back_inserter(operations));
        }
        return where + "pass " + std::to_string(number) + " (" + std::string(name_of(pass)) +
               "): " + describe(plan, operations);
    }
    return where + "the order of its passes: " + describe(plan, sweep.operations);
}

}  // namespace

template <class T>
void Verifier::compare_sweeps(const RunContext& context) {
    struct Job {
        std::uint32_t stage;
        std::size_t blocks;
        double work;  // for one block
    };
    std::vector<Job> jobs;
    double work = 0, operations = 0;
    for (std::uint32_t stage = 0; stage < plan_.stages.size(); ++stage) {
        const auto* const sweep = std::get_if<Sweep>(&plan_.stages[stage]);
        if (sweep == nullptr) continue;
        double columns = 1;
        for (const std::uint32_t operation : sweep->operations) {
            columns += matrix_columns(program_.operations()[operation]);
        }
        operations += columns;
        if (static_cast<int>(sweep->hot.size()) > max_block_qubits) continue;
        const double one = columns * std::exp2(static_cast<double>(sweep->hot.size()));
        jobs.push_back({stage, samples_of(*sweep, stage).size(), one});
        work += one * static_cast<double>(jobs.back().blocks);
    }
    const double budget = std::max(min_budget, operations * std::exp2(plan_.state_qubits) * share_of_run);
    if (work > budget) {
        work = 0;
        for (Job& job : jobs) {
            job.blocks = 1;
            work += job.work;
        }
    }
    RandomStream random(random_streams::check_key, random_streams::check_dropped, 0);
    while (work > budget && !jobs.empty()) {
        const auto dropped = jobs.begin() + static_cast<std::ptrdiff_t>(random.below(jobs.size()));
        work -= dropped->work;
        jobs.erase(dropped);
    }

    std::mutex mutex;
    parallel_for(std::clamp(static_cast<int>(jobs.size()), 1, context.threads), static_cast<std::int64_t>(jobs.size()),
                 [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i) {
                         compare_sweep<T>(jobs[static_cast<std::size_t>(i)].stage,
                                          jobs[static_cast<std::size_t>(i)].blocks, context, mutex);
                     }
                 });
    report_.sweeps_compared = static_cast<int>(jobs.size());
}

template <class T>
void Verifier::compare_sweep(std::uint32_t stage, std::size_t blocks, const RunContext& context, std::mutex& mutex) {
    const Sweep& sweep = std::get<Sweep>(plan_.stages[stage]);
    std::vector<std::uint32_t> order = sweep.operations;
    std::ranges::sort(order);
    const std::vector<Action> actions = actions_of(program_, order);
    const double allowed = state_rounding<T>(static_cast<double>(order.size())) + length_error_;
    const Kernels& kernels = kernels_of<T>(context.kernels);
    const Sweep general = without_growth(sweep);
    const BoundSweep bound = emit_compact<T>(program_, general, kernels);
    const BlockComparison<T> comparison(plan_, general, stage, context);
    const std::vector<Sample> samples = samples_of(sweep, stage);
    for (const auto& [base, grows] : std::span(samples).first(blocks)) {
        const double deviation = grows ? BlockComparison<T>(plan_, sweep, stage, context)
                                             .distance(emit_compact<T>(program_, sweep, kernels), actions, base)
                                       : comparison.distance(bound, actions, base);
        const std::lock_guard lock(mutex);
        check(deviation, allowed, [&] { return find_pass<T>(program_, plan_, sweep, stage, base, allowed, context); });
    }
}

template void Verifier::compare_sweeps<float>(const RunContext&);
template void Verifier::compare_sweeps<double>(const RunContext&);

}  // namespace ketjet
