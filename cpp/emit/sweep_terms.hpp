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
#include "program/derivative.hpp"

namespace ketjet {

// A sweep of a plan does its operations, one of a mirror undoes them.
enum class Direction : std::uint8_t { forwards, backwards };

class SweepTerms {
 public:
    // Of a plan's program, with the angles of now. Derivatives are by the slots that are `wanted`, or by all.
    SweepTerms(const Program& program, const Sweep& sweep, Direction direction, std::span<const char> wanted = {})
        : program_(program), sweep_(sweep), direction_(direction), wanted_(wanted) {}

    std::vector<Action> actions(const Term& term) const;
    // All operations of a term as one matrix.
    DenseAction product(const Term& term) const;

    // Turns without their outer phases, unless these are signs.
    std::vector<LayerTurn> turns(std::span<const Term> terms);
    struct Phases {
        PhaseForm form;
        std::vector<Action> others;  // that do not fit into the form
    };
    Phases phases(std::span<const Term> terms);

    // Of a mirror's term: the derivatives by its slots, each to be read where that takes fewer strings: before the
    // term, or, of one in parts, before its turn; or behind its pass. Phases of a layer are behind its turns.
    struct Derivatives {
        std::vector<Derivative> before, behind;
    };
    Derivatives derivatives(const Term& term, bool in_layer);

 private:
    // The decomposition of a term's product, which up to three passes ask for.
    const LayerTurn& split(const Term& term);
    LayerTurn make_split(const Term& term) const;
    std::vector<Derivative> wanted_derivatives(std::uint32_t operation) const;

    const Program& program_;
    const Sweep& sweep_;
    Direction direction_;
    std::span<const char> wanted_;
    std::unordered_map<std::uint32_t, LayerTurn> splits_;  // by Term::begin
};

}  // namespace ketjet
