// The phases of an action on its two or four basis states give the coefficients by differences.
#include "emit/phase_form.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "emit/merge_actions.hpp"

namespace ketjet {

namespace {

constexpr double rounding = 1e-15;  // of a difference of four angles

}  // namespace

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
    constant += angle[0];
    const int first = count > 0 ? std::countr_zero(qubits) : 0;
    if (count > 0) linear[static_cast<std::size_t>(first)] += angle[1] - angle[0];
    if (count < 2) return true;
    const int second = std::countr_zero(qubits & (qubits - 1));
    linear[static_cast<std::size_t>(second)] += angle[2] - angle[0];
    const double both = std::remainder(angle[3] - angle[2] - angle[1] + angle[0], 2 * std::numbers::pi);
    if (std::abs(both) > rounding) quadratic[{first, second}] += both;
    return true;
}

bool PhaseForm::empty() const {
    return constant == 0 && quadratic.empty() && std::ranges::all_of(linear, [](double angle) { return angle == 0; });
}

}  // namespace ketjet
