// How far the norm of a run's states has been from 1: matrices that are almost unitary, one after the other, change it.
#pragma once

#include <atomic>
#include <cmath>

namespace ketjet {

// Threads that work on different states of a run note what they find.
class NormDrift {
 public:
    void note(double squared_norm) {
        const double error = std::abs(squared_norm - 1);
        double known = largest_.load(std::memory_order_relaxed);
        while (error > known && !largest_.compare_exchange_weak(known, error, std::memory_order_relaxed)) {
        }
    }
    // The largest |squared norm - 1|.
    double largest() const { return largest_.load(std::memory_order_relaxed); }

 private:
    std::atomic<double> largest_{0};
};

}  // namespace ketjet
