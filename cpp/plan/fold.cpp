// The qubit with the longest real beginning is taken, less what its operations cost in folded sweeps.
#include "plan/fold.hpp"

#include <algorithm>
#include <bit>

#include "plan/control_flow.hpp"
#include "plan/cost.hpp"
#include "plan/program_editor.hpp"
#include "program/roles.hpp"
#include "program/turn_kind.hpp"

namespace ketjet {

namespace {

// An operation of the beginning.
struct Step {
    Index qubits;
    Index moved;   // along which it moves amplitudes
    double gain;   // of folding, in operations; measurements and phases of the whole state gain nothing
    bool flips;    // an X or a controlled one
    bool is_sign;  // a Z or a controlled one

    bool is_alone() const { return count_bits(qubits) == 1; }
    bool is_on(int qubit) const { return (qubits >> qubit & 1) != 0; }
    // Diagonals are exact signs there, which those that are given as numbers need not be.
    bool may_be_on_folded() const { return flips || is_sign || (is_alone() && moved != 0); }
    double cost_of_folding(int qubit) const {
        if (!is_on(qubit) || is_alone()) return 0;
        const bool controls = flips && (moved >> qubit & 1) == 0;
        return controls ? folded_control_operations : folded_sign_operations;
    }
};

std::optional<Step> step_of(const Program& program, const Operation& operation) {
    if (const auto* const measure = std::get_if<MeasureOperation>(&operation)) {
        return Step{bit(measure->qubit), bit(measure->qubit), 0, false, false};
    }
    if (!is_unitary(operation)) return std::nullopt;
    const Roles role = roles(program, operation);
    if (role.touched() == 0) return Step{0, 0, 0, false, false};
    if (!keeps_real(operation)) return std::nullopt;
    const GateFacts* const gate = gate_row_of(operation);
    const Structure structure = gate == nullptr ? Structure::dense : gate->structure;
    return Step{role.touched(), role.local, 1, structure == Structure::flip, structure == Structure::phase};
}

// Up to the first operation that does not keep amplitudes real, or that comes after a measurement on its qubits.
std::vector<Step> real_beginning(const Program& program) {
    const ControlFlow flow(program);
    std::vector<Step> steps;
    Index measured = 0;
    for (const Operation& operation : program.operations()) {
        const std::optional<Step> step = step_of(program, operation);
        const bool measures = std::holds_alternative<MeasureOperation>(operation);
        if (!step || flow.is_joined(steps.size()) || (!measures && (step->qubits & measured) != 0)) break;
        if (measures) measured |= step->qubits;
        steps.push_back(*step);
    }
    return steps;
}

struct Choice {
    int qubit = -1;
    std::size_t end = 0;
    double gain = 0;
};

Choice choose_qubit(std::span<const Step> steps, int num_qubits) {
    Choice best;
    for (int qubit = min_folded_qubit; qubit < num_qubits; ++qubit) {
        Choice choice{qubit, 0, 0};
        bool active = false;  // before something has acted on it, it is left out anyway
        for (; choice.end < steps.size(); ++choice.end) {
            const Step& step = steps[choice.end];
            if (step.is_on(qubit) && !step.may_be_on_folded()) break;
            active = active || step.is_on(qubit);
            if (!active) continue;
            choice.gain += step.gain - step.cost_of_folding(qubit);
        }
        if (choice.gain >= best.gain) best = choice;
    }
    return best;
}

// Copies a program; in its beginning a controlled X becomes H, controlled Z, H where the folded qubit is among its own.
// Of several that follow each other on one target only the first and the last H are left.
class FoldingEditor {
 public:
    explicit FoldingEditor(const RewrittenProgram& source) : source_(source), editor_(source) {}

    void label(std::size_t index) { editor_.label(index); }
    std::uint32_t size() const { return size_; }

    void copy(std::size_t index, Index touched) {
        close(turned_ & touched);
        editor_.copy(index);
        ++size_;
    }

    void add_flip(std::size_t index, Index touched) {
        const Wires wires = std::get<GateOperation>(source_.program.operations()[index]).wires;
        const auto targets = source_.program.targets(wires);
        origin_ = source_.origins[index];
        const Index target = bit(targets.front());
        close(turned_ & touched & ~target);
        if ((turned_ & target) == 0) add(h_row, {}, 0, targets);
        add(z_row, source_.program.controls(wires), wires.control_state, targets);
        turned_ |= target;
    }

    // Before what comes after the beginning.
    void close() { close(turned_); }

    RewrittenProgram finish() { return editor_.finish(source_.num_qubits); }

 private:
    void add(std::int32_t gate, std::span<const std::int32_t> controls, std::uint64_t state,
             std::span<const std::int32_t> targets) {
        editor_.add(GateOperation{gate, editor_.wires(controls, state, targets), 0}, origin_);
        ++size_;
    }
    void close(Index qubits) {
        for (Index rest = qubits; rest != 0; rest &= rest - 1) {
            const std::int32_t target[] = {std::countr_zero(rest)};
            add(h_row, {}, 0, target);
        }
        turned_ &= ~qubits;
    }

    const RewrittenProgram& source_;
    ProgramEditor editor_;
    Index turned_ = 0;  // targets on which an H is still to come
    std::uint32_t origin_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace

std::optional<Folded> fold(const RewrittenProgram& source) {
    const std::vector<Step> steps = real_beginning(source.program);
    const Choice choice = choose_qubit(steps, source.num_qubits);
    if (choice.gain <= folded_layers * source.num_qubits) return std::nullopt;
    FoldingEditor editor(source);
    for (std::size_t i = 0; i < choice.end; ++i) {
        const Step& step = steps[i];
        editor.label(i);
        if (step.flips && !step.is_alone() && step.is_on(choice.qubit)) {
            editor.add_flip(i, step.qubits);
        } else {
            editor.copy(i, step.qubits);
        }
    }
    editor.close();
    const std::uint32_t end = editor.size();
    for (std::size_t i = choice.end; i < source.program.operations().size(); ++i) {
        editor.label(i);
        editor.copy(i, 0);
    }
    editor.label(source.program.operations().size());
    return Folded{editor.finish(), {choice.qubit, end}};
}

}  // namespace ketjet
