// A walk backwards, for a swap renames what comes before it.
#include "plan/relabel_swaps.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "plan/control_flow.hpp"
#include "plan/program_editor.hpp"

namespace ketjet {

namespace {

// Where the qubits are, before the operations that have been walked over backwards, of the circuit as it was written.
class Places {
 public:
    explicit Places(int qubits) : place_(static_cast<std::size_t>(qubits)) {
        std::iota(place_.begin(), place_.end(), 0);
    }

    std::int32_t operator()(std::int32_t qubit) const { return place_[static_cast<std::size_t>(qubit)]; }

    // What came to target k was at target source_of(k) before.
    template <class SourceOf>
    void undo(std::span<const std::int32_t> targets, const SourceOf& source_of) {
        after_.clear();
        for (const std::int32_t target : targets) after_.push_back((*this)(target));
        for (std::size_t k = 0; k < targets.size(); ++k) {
            place_[static_cast<std::size_t>(targets[source_of(k)])] = after_[k];
        }
    }

 private:
    std::vector<std::int32_t> place_;
    std::vector<std::int32_t> after_;  // of the targets, while something is undone
};

// True if the operation has been absorbed into `places`.
bool absorb(const Program& program, const Operation& operation, const BitSet& zero, Places& places) {
    const auto is_zero = [&](std::int32_t qubit) { return zero.contains(qubit); };
    if (const auto* const permutation = std::get_if<PermutationOperation>(&operation)) {
        const auto targets = program.targets(permutation->wires);
        if (permutation->wires.controls != 0 || !std::ranges::all_of(targets, is_zero)) return false;
        places.undo(targets, [&](std::size_t k) { return static_cast<std::size_t>((*permutation->pattern)[k]); });
        return true;
    }
    const auto* const gate = std::get_if<GateOperation>(&operation);
    if (gate == nullptr || gate->wires.controls != 0) return false;
    if (facts_of(*gate).structure != Structure::swap) return false;
    const auto targets = program.targets(gate->wires);
    if (!std::ranges::all_of(targets, is_zero)) return false;
    places.undo(targets, [](std::size_t k) { return 1 - k; });
    return true;
}

}  // namespace

RewrittenProgram relabel_swaps(const RewrittenProgram& source, const BitSet& zero) {
    Places places(source.num_qubits);
    const ControlFlow flow(source.program);
    const auto operations = source.program.operations();
    const auto is_absorbed = [&](std::size_t i) {
        return flow.runs_once(i) && absorb(source.program, operations[i], zero, places);
    };
    std::size_t end = operations.size();
    while (end > 0 && !is_absorbed(end - 1)) --end;
    if (end == 0) return source;
    places = Places(source.num_qubits);
    ProgramEditor editor(source);
    editor.label(operations.size());
    for (std::size_t i = operations.size(); i-- > 0;) {
        if (!is_absorbed(i)) editor.add_renamed(i, places);
        editor.label(i);
    }
    editor.reverse();
    return editor.finish(source.num_qubits);
}

}  // namespace ketjet
