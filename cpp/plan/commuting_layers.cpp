#include "plan/commuting_layers.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "program/axes.hpp"

namespace ketjet {

std::vector<std::uint32_t> commuting_layers(const Program& program, std::span<const std::uint8_t> varies) {
    const std::span<const Operation> operations = program.operations();
    if (varies.size() != operations.size())
        throw std::invalid_argument("it is not said of each operation if it varies");
    // By qubit: the first layers in which something may come behind what has acted there, through each of the axes,
    // unless it acts through the same one.
    std::vector<std::array<std::uint32_t, axis_count>> behind(static_cast<std::size_t>(program.num_qubits()));
    std::vector<std::uint32_t> layers;
    layers.reserve(operations.size());
    std::vector<WireAxis> wires;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        wire_axes(program, operations[i], wires);
        std::uint32_t layer = 0;
        for (const auto& [qubit, axis] : wires) {
            for (std::size_t other = 0; other < axis_count; ++other) {
                if (axis != Axis::none && other == static_cast<std::size_t>(axis)) continue;
                layer = std::max(layer, behind[static_cast<std::size_t>(qubit)][other]);
            }
        }
        layers.push_back(layer);
        const std::uint32_t next = layer + (varies[i] != 0 ? 1 : 0);
        for (const auto& [qubit, axis] : wires) {
            std::uint32_t& first = behind[static_cast<std::size_t>(qubit)][static_cast<std::size_t>(axis)];
            first = std::max(first, next);
        }
    }
    return layers;
}

}  // namespace ketjet
