// The terms of a sweep's passes with the present angles.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "emit/layer_turn.hpp"
#include "emit/phase_form.hpp"
#include "plan/plan.hpp"
#include "program/action.hpp"

namespace ketjet {

class SweepTerms {
 public:
    // Of a plan's program, with the angles of now.
    SweepTerms(const Program& program, const Sweep& sweep) : program_(program), sweep_(sweep) {}

    std::vector<Action> actions(const Term& term) const { return actions_of(program_, sweep_.operations_of(term)); }
    // All operations of a term as one matrix.
    DenseAction product(const Term& term) const;

    // Turns without their outer phases, unless these are signs.
    std::vector<LayerTurn> turns(std::span<const Term> terms);
    struct Phases {
        PhaseForm form;
        std::vector<Action> others;  // that do not fit into the form
    };
    Phases phases(std::span<const Term> terms);

 private:
    // The decomposition of a term's product, which up to three passes ask for.
    const LayerTurn& split(const Term& term);
    LayerTurn make_split(const Term& term) const;

    const Program& program_;
    const Sweep& sweep_;
    std::unordered_map<std::uint32_t, LayerTurn> splits_;  // by Term::begin
};

}  // namespace ketjet
