// Diagonal operations on up to two qubits each, summed up as one polynomial of the index bits: the phase of basis state
// x is constant + sum of linear[q] x_q + sum of coupling[a, b] x_a x_b.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "base/bits.hpp"
#include "emit/direction.hpp"
#include "program/action.hpp"
#include "program/givens_rotation.hpp"

namespace ketjet {

class PhaseForm {
 public:
    PhaseForm() {}  // couplings_ has no values yet
    PhaseForm(const PhaseForm&) = delete;
    PhaseForm& operator=(const PhaseForm&) = delete;
    ~PhaseForm() = default;

    void add(double angle) { constant_ = reduced_phase(constant_ + angle); }
    void add(int qubit, double angle) {
        if (angle == 0) return;
        double& linear = linear_[static_cast<std::size_t>(qubit)];
        linear = reduced_phase(linear + angle);
        qubits_ |= bit(qubit);
    }
    // What is a multiple of 2 pi, but for rounding, couples nothing.
    void add(int first, int second, double angle);
    // False, and nothing is added, if the action is not diagonal, on more than two qubits or changes lengths.
    bool add(const Action& action);
    // An operation, done or undone: a gate by its angles, if it can. Actions that cannot be added go to `others`.
    void add(const Program& program, const Operation& operation, Direction direction, std::vector<Action>& others);

    double constant() const { return constant_; }
    // The qubits that have phases of their own, and one's phase.
    Index qubits() const { return qubits_; }
    double linear(int qubit) const { return linear_[static_cast<std::size_t>(qubit)]; }
    // The qubits that are coupled, those that one is coupled to, and the phase of such a pair.
    Index coupled() const { return coupled_; }
    Index partners(int qubit) const { return partners_[static_cast<std::size_t>(qubit)]; }
    double coupling(int first, int second) const { return couplings_[place_of(first, second)]; }
    // Drops all phases of a qubit.
    void remove(int qubit);

 private:
    // False, and nothing is added, if the gate is not diagonal or on more than two qubits.
    bool add(const Program& program, const GateOperation& gate, Direction direction);
    static std::size_t place_of(int first, int second) {
        const auto [low, high] = std::minmax(first, second);
        return static_cast<std::size_t>(high * (high - 1) / 2 + low);
    }

    double constant_ = 0;
    Index qubits_ = 0;
    Index coupled_ = 0;
    std::array<double, 64> linear_{};
    std::array<Index, 64> partners_{};
    std::array<double, 64 * 63 / 2> couplings_;  // where partners_ says so
};

}  // namespace ketjet
