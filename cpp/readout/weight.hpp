// What outcomes weigh, and the way of a shot through the collapses of its program.
#pragma once

#include <cstdint>

#include "base/charged.hpp"

namespace ketjet {

// A number of shots, which is exact up to 2^62 of them, or else a probability.
struct Weight {
    std::int64_t shots = 0;
    double probability = 0;

    double value() const { return static_cast<double>(shots) + probability; }
    Weight& operator+=(const Weight& other) {
        shots += other.shots;
        probability += other.probability;
        return *this;
    }
    bool operator==(const Weight&) const = default;
};

// The outcomes of all collapses that a shot has passed.
using Ways = ShotsVector<bool>;

}  // namespace ketjet
