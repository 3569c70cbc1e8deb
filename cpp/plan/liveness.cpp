// One walk backwards for final reads; for live qubits as many as loops take to settle.
#include "plan/liveness.hpp"

#include <algorithm>

#include "program/classical_code.hpp"

namespace ketjet {

namespace {

class FinalReadsFinder {
 public:
    FinalReadsFinder(const Program& program, std::span<const OperationFacts> facts, const ControlFlow& flow,
                     bool only_outcomes)
        : program_(program),
          facts_(facts),
          flow_(flow),
          only_outcomes_(only_outcomes),
          written_(static_cast<std::size_t>(program.num_clbits())),
          used_(written_.size()) {}

    FinalReads run() {
        const auto operations = program_.operations();
        result_.is_final.resize(operations.size());
        for (std::size_t i = operations.size(); i-- > 0;) {
            if (const auto* const m = std::get_if<MeasureOperation>(&operations[i])) {
                add_measurement(i, *m);
            } else {
                touched_later_ |= facts_[i].local | (only_outcomes_ ? 0 : facts_[i].diagonal);
                add_code(operations[i]);
            }
        }
        std::ranges::reverse(result_.reads);
        return std::move(result_);
    }

 private:
    void add_measurement(std::size_t index, const MeasureOperation& m) {
        const auto clbit = static_cast<std::size_t>(m.clbit);
        const bool certain = flow_.runs_once(index);
        if (certain && (touched_later_ & bit(m.qubit)) == 0 && !used_[clbit]) {
            result_.is_final[index] = true;
            if (!written_[clbit]) result_.reads.push_back({m.qubit, m.clbit});
        }
        (certain ? written_ : used_)[clbit] = true;
    }

    void add_code(const Operation& operation) {
        const auto use = [&](int clbit) { used_[static_cast<std::size_t>(clbit)] = true; };
        if (const auto* const compute = std::get_if<ComputeOperation>(&operation)) {
            for_each_bit_read(compute->code(), use);
            for_each_bit_written(compute->code(), use);
        } else if (const auto* const branch = std::get_if<BranchOperation>(&operation)) {
            for_each_bit_read(branch->code(), use);
        }
    }

    const Program& program_;
    std::span<const OperationFacts> facts_;
    const ControlFlow& flow_;
    bool only_outcomes_;
    FinalReads result_;
    Index touched_later_ = 0;
    std::vector<bool> written_;  // classical bits, later, by a measurement that always runs
    std::vector<bool> used_;     // later, by code, or written in some runs only
};

}  // namespace

FinalReads find_final_reads(const Program& program, std::span<const OperationFacts> facts, const ControlFlow& flow,
                            bool only_outcomes) {
    return FinalReadsFinder(program, facts, flow, only_outcomes).run();
}

std::vector<Index> live_qubits(const Program& program, std::span<const OperationFacts> facts, const FinalReads& final) {
    const auto operations = program.operations();
    std::vector<Index> before(operations.size() + 1), after(operations.size());
    for (const FinalMeasurement& m : final.reads) before.back() |= bit(m.qubit);
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t i = operations.size(); i-- > 0;) {
            Index live = std::holds_alternative<JumpOperation>(operations[i]) ? 0 : before[i + 1];
            if (const auto target = target_of(operations[i])) live |= before[*target];
            after[i] = live;
            if (is_collapse(operations[i])) {
                live &= ~facts[i].local;  // what was there before is forgotten
            } else {
                live |= facts[i].local;
            }
            if (!final.is_final[i]) live |= facts[i].diagonal;
            changed = changed || live != before[i];
            before[i] = live;
        }
    }
    return after;
}

}  // namespace ketjet
