#include "emit/phase_form.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

#include "emit/merge_actions.hpp"

namespace ketjet {

namespace {

constexpr double rounding = 1e-15;  // of a difference of four angles

}  // namespace

void PhaseForm::add(int first, int second, double angle) {
    if (std::abs(angle) > std::numbers::pi) angle = std::remainder(angle, 2 * std::numbers::pi);
    if (std::abs(angle) <= rounding) return;
    Index& partners = partners_[static_cast<std::size_t>(first)];
    double& coupling = couplings_[place_of(first, second)];
    coupling = (partners >> second & 1) != 0 ? reduced_phase(coupling + angle) : angle;
    partners |= bit(second);
    partners_[static_cast<std::size_t>(second)] |= bit(first);
    coupled_ |= bit(first) | bit(second);
}

// The phases of an action on its two or four basis states give the coefficients by differences.
bool PhaseForm::add(const Action& action) {
    if (!is_diagonal(action)) return false;
    const Index qubits = qubits_of(action);
    const int count = count_bits(qubits);
    if (count > 2) return false;
    std::array<double, 4> angle{};
    for (Index basis = 0; basis < bit(count); ++basis) {
        const Complex factor = diagonal_factor(action, deposit_bits(basis, qubits));
        if (std::abs(std::norm(factor) - 1) > 1e-14) return false;
        angle[basis] = std::arg(factor);
    }
    add(angle[0]);
    const int first = count > 0 ? std::countr_zero(qubits) : 0;
    if (count > 0) add(first, angle[1] - angle[0]);
    if (count < 2) return true;
    const int second = std::countr_zero(qubits & (qubits - 1));
    add(second, angle[2] - angle[0]);
    add(first, second, angle[3] - angle[2] - angle[1] + angle[0]);
    return true;
}

void PhaseForm::add(const Program& program, const Operation& operation, Direction direction,
                    std::vector<Action>& others) {
    const auto* const gate = std::get_if<GateOperation>(&operation);
    if (gate != nullptr && add(program, *gate, direction)) return;
    for_each_action(program, operation, direction, [&](Action&& action) {
        if (!add(action)) others.push_back(std::move(action));
    });
}

bool PhaseForm::add(const Program& program, const GateOperation& gate, Direction direction) {
    const GateFacts& facts = facts_of(gate);
    const bool diagonal = facts.structure == Structure::phase || facts.structure == Structure::diagonal;
    const std::size_t controls = gate.wires.controls;
    if (!diagonal || controls + gate.wires.targets > 2) return false;
    const auto angles = program.slots().subspan(gate.slot, static_cast<std::size_t>(facts.parameters));
    const auto targets = program.targets(gate.wires);
    const double sign = direction == Direction::forwards ? 1 : -1;
    if (facts.pair_rotation != nullptr) {  // by the parity of the two bits
        const auto rotations = facts.pair_rotation(angles).of_parity;
        const double even = sign * rotations[0].phase, odd = sign * rotations[1].phase;
        add(even);
        for (const int target : targets) add(target, odd - even);
        add(targets[0], targets[1], 2 * (even - odd));
        return true;
    }
    const GivensRotation rotation = facts.rotation(angles);
    const double zero = sign * rotation.phase, step = sign * rotation.after;
    if (controls == 0) {
        add(zero);
        add(targets[0], step);
        return true;
    }
    const int control = program.controls(gate.wires)[0];
    const bool when_set = (gate.wires.control_state & 1) != 0;
    if (!when_set) {
        add(zero);
        add(targets[0], step);
    }
    add(control, when_set ? zero : -zero);
    add(control, targets[0], when_set ? step : -step);
    return true;
}

void PhaseForm::remove(int qubit) {
    linear_[static_cast<std::size_t>(qubit)] = 0;
    qubits_ &= ~bit(qubit);
    coupled_ &= ~bit(qubit);
    for (Index rest = std::exchange(partners_[static_cast<std::size_t>(qubit)], 0); rest != 0; rest &= rest - 1) {
        const int partner = std::countr_zero(rest);
        Index& partners = partners_[static_cast<std::size_t>(partner)];
        partners &= ~bit(qubit);
        if (partners == 0) coupled_ &= ~bit(partner);
    }
}

}  // namespace ketjet
