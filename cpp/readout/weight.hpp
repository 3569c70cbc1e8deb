// What an outcome weighs: a number of shots, which is exact up to 2^62 of them, or else a probability.
#pragma once

#include <cstdint>

namespace ketjet {

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

}  // namespace ketjet
