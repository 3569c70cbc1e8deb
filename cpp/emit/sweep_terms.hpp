// The terms of a sweep's passes with the present angles.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emit/arena.hpp"
#include "emit/direction.hpp"
#include "emit/layer_turn.hpp"
#include "emit/phase_form.hpp"
#include "plan/plan.hpp"
#include "program/action.hpp"
#include "program/derivative.hpp"

namespace ketjet {

class SweepTerms {
 public:
    // Of a plan's program, with the angles of now. What is made of them lies in the arena. Derivatives are by the slots
    // that are `wanted`, or by all.
    SweepTerms(const Program& program, const Sweep& sweep, Direction direction, Arena& arena,
               std::span<const char> wanted = {});

    std::vector<Action> actions(const Term& term) const;
    // Calls take(action) for each of them.
    template <class Take>
    void for_each(const Term& term, Take&& take) const {
        for (const std::uint32_t index : sweep_.operations_of(term)) {
            for_each_action(program_, program_.operations()[index], direction_, take);
        }
    }
    // All operations of a term as one matrix.
    DenseAction product(const Term& term) const;

    // Turns without their outer phases, unless these are signs.
    std::span<LayerTurn> turns(std::span<const Term> terms);
    // Adds up the phases of terms; returns the actions that do not fit into the form.
    std::vector<Action> add_phases(std::span<const Term> terms, PhaseForm& form);

    // Of a mirror's term: the derivatives by its slots, each to be read where that takes fewer strings: before the
    // term, or, of one in parts, before its turn; or behind its pass. Phases of a layer are behind its turns.
    struct Derivatives {
        std::vector<Derivative> before, behind;
    };
    Derivatives derivatives(const Term& term, bool in_layer);

 private:
    // The decomposition of a term's product; up to three passes ask for that of one in parts.
    LayerTurn split(const Term& term);
    std::vector<Derivative> wanted_derivatives(std::uint32_t operation) const;

    const Program& program_;
    const Sweep& sweep_;
    Direction direction_;
    Arena& arena_;
    std::span<const char> wanted_;
    // Of terms in parts, in the order in which they were asked for; by Term::begin, the number of one that is known,
    // counted from 1.
    LayerTurn* splits_ = nullptr;
    std::uint32_t* numbers_ = nullptr;
    std::uint32_t known_ = 0;
};

}  // namespace ketjet
