#include "readout/saved_data.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>
#include <vector>

#include "readout/density.hpp"
#include "readout/expectations.hpp"
#include "readout/probabilities.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr Index between_polls = Index{1} << 16;  // amplitudes

// The state index whose bit at the i-th wire is bit i of `value`.
Index on_wires(std::span<const std::int32_t> wires, Index value) {
    Index index = 0;
    for (std::size_t i = 0; i < wires.size(); ++i) index |= (value >> i & 1) << wires[i];
    return index;
}

template <class T>
SavesVector<std::complex<T>> amplitudes_at(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                           std::span<const std::int64_t> indices) {
    SavesVector<std::complex<T>> result;
    for (const std::int64_t index : indices) {
        result.push_back(index < 0 ? 0 : state.amplitudes()[on_wires(wires, static_cast<Index>(index))]);
    }
    return result;
}

template <class T>
SavesVector<std::complex<T>> amplitudes_in_order(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                                 const RunContext& context) {
    bool in_order = true;
    for (std::size_t i = 0; i < wires.size(); ++i) in_order = in_order && wires[i] == static_cast<std::int32_t>(i);
    SavesVector<std::complex<T>> result;
    result.reserve(state.size());
    while (result.size() < state.size()) {  // touching the memory takes long
        context.stop.throw_if_stopped();
        result.resize(std::min<std::size_t>(state.size(), result.size() + between_polls));
    }
    for_chunks(state.size(), context.walk(), [&](const Chunk& chunk) {
        const std::span saved = std::span(result).subspan(chunk.first, chunk.size);
        if (in_order) {
            std::ranges::copy(chunk.of(state), saved.begin());
        } else {
            for (Index i = 0; i < chunk.size; ++i) saved[i] = state.amplitudes()[on_wires(wires, chunk.first | i)];
        }
    });
    return result;
}

// Sums of Pauli strings: multiples of the identity are known without a look at the state.
struct SavedSums {
    std::vector<double> constants;
    ObservableSet rest;
};

// Those that the arguments of a save list, on its wires.
SavedSums sums_of(std::span<const std::int32_t> wires, std::span<const std::int64_t> arguments) {
    std::vector<double> constants;
    std::vector<PauliString> strings;
    SparseRows rows;
    std::size_t at = 1;
    for (std::int64_t sum = 0; sum < arguments[0]; ++sum) {
        constants.push_back(0);
        for (std::int64_t left = arguments[at++]; left > 0; --left, at += 3) {
            const auto x = static_cast<Index>(arguments[at]), z = static_cast<Index>(arguments[at + 1]);
            const auto coefficient = std::bit_cast<double>(arguments[at + 2]);
            if ((x | z) == 0) {
                constants.back() += coefficient;
                continue;
            }
            rows.columns.push_back(static_cast<std::uint32_t>(strings.size()));
            rows.coefficients.push_back(coefficient);
            strings.push_back({on_wires(wires, x), on_wires(wires, z), {}});
        }
        rows.begins.push_back(static_cast<std::uint32_t>(strings.size()));
    }
    return {std::move(constants), {std::move(strings), std::move(rows)}};
}

template <class T>
SavesVector<double> values_of(const SavedSums& sums, const StateVector<T>& state, const RunContext& context) {
    SavesVector<double> values = expectations(sums.rest, state, context);
    for (std::size_t k = 0; k < values.size(); ++k) values[k] += sums.constants[k];
    return values;
}

}  // namespace

template <class T>
SavedData saved_data(const Program& program, const SaveOperation& operation, const StateVector<T>& state,
                     const RunContext& context) {
    const auto wires = program.targets(operation.wires);
    switch (operation.kind()) {
        case Saved::state:
            return amplitudes_in_order(state, wires, context);
        case Saved::probabilities:
            return marginal_probabilities(state, std::vector<int>(wires.begin(), wires.end()), context);
        case Saved::amplitudes:
            return amplitudes_at(state, wires, operation.arguments());
        case Saved::expectations:
            return values_of(sums_of(wires, operation.arguments()), state, context);
        case Saved::density:
            break;
    }
    return density_matrix(state, wires, context);
}

template SavedData saved_data<float>(const Program&, const SaveOperation&, const StateVector<float>&,
                                     const RunContext&);
template SavedData saved_data<double>(const Program&, const SaveOperation&, const StateVector<double>&,
                                      const RunContext&);

}  // namespace ketjet
