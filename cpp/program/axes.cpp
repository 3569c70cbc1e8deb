// One overload for each kind of operation. The axes of a gate's targets are found in its matrix, once.
#include "program/axes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>

#include "program/derivative.hpp"
#include "program/pauli.hpp"

namespace ketjet {

namespace {

// No axis: nothing is done to the qubit.
using TargetAxes = std::vector<std::optional<Axis>>;

std::optional<Axis> axis_of(bool has_x, bool has_z) {
    if (has_x) return has_z ? Axis::y : Axis::x;
    return has_z ? std::optional(Axis::z) : std::nullopt;
}

// The strings of a matrix, of which Hermitian ones are known.
std::vector<PauliString> strings_of(const Matrix& matrix, std::span<const int> targets) {
    Matrix real(matrix.dimension()), imaginary(matrix.dimension());
    for (std::size_t row = 0; row < matrix.dimension(); ++row) {
        for (std::size_t column = 0; column < matrix.dimension(); ++column) {
            const Complex here = matrix(row, column), there = std::conj(matrix(column, row));
            real(row, column) = here + there;
            imaginary(row, column) = Complex(0, 1) * (here - there);
        }
    }
    std::vector<PauliString> strings;
    for (const Matrix& part : {real, imaginary}) {
        for (const PauliTerm& term : pauli_sum(part, targets, {})) strings.push_back(term.string);
    }
    return strings;
}

TargetAxes find_axes(const GateFacts& facts) {
    constexpr std::array<double, 4> angles{0.8, 0.37, 1.13, 0.59};  // at which nothing vanishes by chance
    const Matrix matrix = facts.matrix(std::span(angles).first(static_cast<std::size_t>(facts.parameters)));
    std::vector<int> targets(static_cast<std::size_t>(facts.targets));
    std::iota(targets.begin(), targets.end(), 0);
    TargetAxes axes(targets.size());
    for (const PauliString& string : strings_of(matrix, targets)) {
        for (const int target : targets) {
            const auto found = axis_of((string.x >> target & 1) != 0, (string.z >> target & 1) != 0);
            auto& axis = axes[static_cast<std::size_t>(target)];
            if (found) axis = !axis || *axis == *found ? *found : Axis::none;
        }
    }
    return axes;
}

const TargetAxes& axes_of(std::int32_t row) {
    static const std::vector<TargetAxes> table = [] {
        std::vector<TargetAxes> axes;
        std::ranges::transform(gate_table(), std::back_inserter(axes), &find_axes);
        return axes;
    }();
    return table[static_cast<std::size_t>(row)];
}

class AxisReader {
 public:
    AxisReader(const Program& program, std::vector<WireAxis>& result) : program_(program), result_(result) {}

    void operator()(const GateOperation& operation) const {
        const TargetAxes& axes = axes_of(operation.gate);
        const auto targets = program_.targets(operation.wires);
        add(program_.controls(operation.wires), Axis::z);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            if (axes[k]) result_.push_back({targets[k], *axes[k]});
        }
    }
    void operator()(const PauliRotationOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        add(program_.controls(operation.wires), Axis::z);
        for (std::size_t k = 0; k < targets.size(); ++k) {
            const std::int64_t pauli = (*operation.paulis)[k];
            if (const auto axis = axis_of(has_x(pauli), has_z(pauli))) result_.push_back({targets[k], *axis});
        }
    }
    void operator()(const DiagonalOperation& operation) const {
        add(program_.controls(operation.wires), Axis::z);
        add(program_.targets(operation.wires), Axis::z);
    }
    void operator()(const MultiplexerOperation& operation) const {
        const auto targets = program_.targets(operation.wires);
        add(program_.controls(operation.wires), Axis::z);
        add(targets.first(1), Axis::none);
        add(targets.subspan(1), Axis::z);
    }
    void operator()(const UnitaryOperation& operation) const { none_but_controls(operation.wires); }
    void operator()(const PermutationOperation& operation) const { none_but_controls(operation.wires); }
    void operator()(const InitializeOperation& operation) const { none_but_controls(operation.wires); }
    void operator()(const SaveOperation& operation) const { none_but_controls(operation.wires); }
    void operator()(const ResetOperation& operation) const { result_.push_back({operation.qubit, Axis::none}); }
    void operator()(const MeasureOperation& operation) const { result_.push_back({operation.qubit, Axis::none}); }
    void operator()(const GlobalPhaseOperation&) const {}
    void operator()(const ComputeOperation&) const {}
    void operator()(const BranchOperation&) const {}
    void operator()(const JumpOperation&) const {}

 private:
    void add(std::span<const std::int32_t> qubits, Axis axis) const {
        for (const std::int32_t qubit : qubits) result_.push_back({qubit, axis});
    }
    void none_but_controls(const Wires& wires) const {
        add(program_.controls(wires), Axis::z);
        add(program_.targets(wires), Axis::none);
    }

    const Program& program_;
    std::vector<WireAxis>& result_;
};

}  // namespace

void wire_axes(const Program& program, const Operation& operation, std::vector<WireAxis>& result) {
    result.clear();
    std::visit(AxisReader(program, result), operation);
}

}  // namespace ketjet
