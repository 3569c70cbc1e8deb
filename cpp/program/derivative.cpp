#include "program/derivative.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <utility>

#include "program/pauli.hpp"

namespace ketjet {

namespace {

constexpr double rounding = 4e-15;  // of a coefficient beside the largest one

// <column ^ x| of the string's Paulis |column>, for bits of its masks taken from an index over the same qubits.
Complex entry_of(Index x, Index z, Index column) {
    constexpr Complex powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    const Complex factor = powers[count_bits(x & z) % 4];
    return parity(z & column) ? -factor : factor;
}

// The set of targets whose bits an entry of the matrix has.
Index qubits_at(std::span<const int> targets, Index entry) {
    Index qubits = 0;
    for (std::size_t k = 0; k < targets.size(); ++k) {
        if ((entry >> k & 1) != 0) qubits |= bit(targets[k]);
    }
    return qubits;
}

// Where it is the only entry other than zero, the place of an entry on the diagonal.
std::optional<std::size_t> only_entry(const Matrix& matrix) {
    std::optional<std::size_t> place;
    for (std::size_t row = 0; row < matrix.dimension(); ++row) {
        for (std::size_t column = 0; column < matrix.dimension(); ++column) {
            if (matrix(row, column) == Complex(0)) continue;
            if (row != column || place) return std::nullopt;
            place = row;
        }
    }
    return place;
}

void drop_rounding(PauliSum& sum) {
    double largest = 0;
    for (const PauliTerm& term : sum) largest = std::max(largest, std::abs(term.coefficient));
    std::erase_if(sum, [&](const PauliTerm& term) { return std::abs(term.coefficient) <= rounding * largest; });
}

// By row of the gate table, of a gate with one parameter: its generator, which is the same for all values, on qubits
// that have the numbers of its targets.
std::vector<PauliSum> find_constant_generators() {
    std::vector<PauliSum> generators;
    for (const GateFacts& facts : gate_table()) {
        PauliSum& generator = generators.emplace_back();
        if (facts.parameters != 1) continue;
        std::vector<int> targets(static_cast<std::size_t>(facts.targets));
        std::iota(targets.begin(), targets.end(), 0);
        constexpr double any = 1;
        generator = pauli_sum(facts.generator(std::span(&any, 1), 0), targets, {});
    }
    return generators;
}
const PauliSum& constant_generator(const GateFacts& facts) {
    static const std::vector<PauliSum> generators = find_constant_generators();
    return generators[static_cast<std::size_t>(&facts - gate_table().data())];
}

class DerivativeReader {
 public:
    explicit DerivativeReader(const Program& program) : program_(program) {}

    std::vector<Derivative> operator()(const GateOperation& operation) const {
        const GateFacts& facts = facts_of(operation);
        const auto parameters = static_cast<std::size_t>(facts.parameters);
        const auto values = program_.slots().subspan(operation.slot, parameters);
        const auto targets = program_.targets(operation.wires);
        const Condition condition = condition_of(program_, operation.wires);
        std::vector<Derivative> derivatives;
        if (parameters == 1 && condition.mask == 0) {
            PauliSum generator = constant_generator(facts);
            for (auto& [string, coefficient] : generator) {
                string.x = qubits_at(targets, string.x);
                string.z = qubits_at(targets, string.z);
            }
            derivatives.push_back({operation.slot, std::move(generator)});
            return derivatives;
        }
        for (std::size_t which = 0; which < parameters; ++which) {
            derivatives.push_back({operation.slot + static_cast<std::uint32_t>(which),
                                   pauli_sum(facts.generator(values, which), targets, condition)});
        }
        return derivatives;
    }

    std::vector<Derivative> operator()(const PauliRotationOperation& operation) const {
        PauliString string{0, 0, condition_of(program_, operation.wires)};
        const auto targets = program_.targets(operation.wires);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            if (has_x((*operation.paulis)[k])) string.x |= bit(targets[k]);
            if (has_z((*operation.paulis)[k])) string.z |= bit(targets[k]);
        }
        return {{operation.slot, {{string, 0.5}}}};
    }

    std::vector<Derivative> operator()(const GlobalPhaseOperation& operation) const {
        return {{operation.slot, {{{}, -1}}}};
    }

    std::vector<Derivative> operator()(const auto&) const { return {}; }

 private:
    const Program& program_;
};

bool is_identity(const PauliTerm& term) { return (term.string.x | term.string.z | term.string.condition.mask) == 0; }

}  // namespace

// A matrix with one entry on the diagonal behind controls is one term with a wider condition. Coefficients of all
// others are traces with the strings.
PauliSum pauli_sum(const Matrix& hermitian, std::span<const int> targets, const Condition& condition) {
    if (const auto place = condition.mask != 0 ? only_entry(hermitian) : std::nullopt) {
        const Condition wider{condition.mask | mask_of(targets), condition.value | qubits_at(targets, *place)};
        return {{{0, 0, wider}, hermitian(*place, *place).real()}};
    }
    PauliSum sum;
    const Index dimension = hermitian.dimension();
    for (Index x = 0; x < dimension; ++x) {
        for (Index z = 0; z < dimension; ++z) {
            Complex trace = 0;
            for (Index column = 0; column < dimension; ++column) {
                trace += std::conj(entry_of(x, z, column)) * hermitian(column ^ x, column);
            }
            sum.push_back({{qubits_at(targets, x), qubits_at(targets, z), condition},
                           trace.real() / static_cast<double>(dimension)});
        }
    }
    drop_rounding(sum);
    return sum;
}

Matrix matrix_of(const PauliSum& sum, Index qubits) {
    Matrix result(static_cast<std::size_t>(bit(count_bits(qubits))));
    for (const auto& [string, coefficient] : sum) {
        const Index x = extract_bits(string.x, qubits), z = extract_bits(string.z, qubits);
        for (Index column = 0; column < result.dimension(); ++column) {
            const Index basis = deposit_bits(column, qubits);
            if ((basis & string.condition.mask) != string.condition.value) continue;
            result(column ^ x, column) += coefficient * entry_of(x, z, column);
        }
    }
    return result;
}

std::vector<Derivative> generators_of(const Program& program, const Operation& operation) {
    return std::visit(DerivativeReader(program), operation);
}

std::vector<Derivative> derivatives_of(const Program& program, const Operation& operation) {
    if (std::holds_alternative<GlobalPhaseOperation>(operation)) return {};
    std::vector<Derivative> derivatives = generators_of(program, operation);
    for (Derivative& derivative : derivatives) std::erase_if(derivative.generator, is_identity);
    return derivatives;
}

}  // namespace ketjet
