// What all points of a sweep have in common: what comes before the first operation with an angle that differs between
// them. It is run once.
#pragma once

#include <cstddef>
#include <span>

#include "plan/plan.hpp"

namespace ketjet {

class CommonPart {
 public:
    // `slots` are those of the plan's program, of one point after another.
    CommonPart(const Plan& plan, std::span<const double> slots, std::size_t points)
        : plan_(plan), slots_(slots), points_(points) {}

    // How many of the program's operations it has.
    std::size_t operations() const;
    // How many of the plan's stages, all of which are sweeps.
    std::size_t sweeps() const;

 private:
    bool differs(const Operation& operation) const;
    bool differs(std::uint32_t slot, int count) const;

    const Plan& plan_;
    std::span<const double> slots_;
    std::size_t points_;
};

}  // namespace ketjet
