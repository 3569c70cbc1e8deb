// Where one record is wanted in all, it is the latest of the witness; of one for each value of the classical bits, that
// with the greatest identity.
#include "exec/save.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "exec/observable.hpp"

namespace ketjet {

namespace {

// The state index whose bit at the i-th wire is bit i of `value`.
Index on_wires(std::span<const std::int32_t> wires, Index value) {
    Index index = 0;
    for (std::size_t i = 0; i < wires.size(); ++i) index |= (value >> i & 1) << wires[i];
    return index;
}

template <class T>
std::vector<std::complex<T>> amplitudes_at(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                           std::span<const std::int64_t> indices) {
    std::vector<std::complex<T>> result;
    for (const std::int64_t index : indices) {
        result.push_back(state.amplitudes()[on_wires(wires, static_cast<Index>(index))]);
    }
    return result;
}

template <class T>
std::vector<std::complex<T>> amplitudes_in_order(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                                 const StopToken& stop) {
    bool in_order = true;
    for (std::size_t i = 0; i < wires.size(); ++i) in_order = in_order && wires[i] == static_cast<std::int32_t>(i);
    if (in_order) return {state.amplitudes(), state.amplitudes() + state.size()};
    std::vector<std::complex<T>> result(state.size());
    for (Index i = 0; i < result.size(); ++i) {
        if (i % (1 << 16) == 0) stop.throw_if_stopped();
        result[i] = state.amplitudes()[on_wires(wires, i)];
    }
    return result;
}

template <class T>
std::vector<double> expectations(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                 std::span<const std::int64_t> arguments, const RunContext& context) {
    std::vector<double> result;
    std::size_t at = 1;
    for (std::int64_t sum = 0; sum < arguments[0]; ++sum) {
        std::vector<PauliTerm> terms(static_cast<std::size_t>(arguments[at++]));
        for (PauliTerm& term : terms) {
            term = {on_wires(wires, static_cast<Index>(arguments[at])),
                    on_wires(wires, static_cast<Index>(arguments[at + 1])), std::bit_cast<double>(arguments[at + 2])};
            at += 3;
        }
        result.push_back(expectation(state, std::move(terms), context).real());
    }
    return result;
}

// Row r, column c: the sum over all values of the other qubits of a[r] conj(a[c]).
template <class T>
std::vector<std::complex<double>> density(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                          const StopToken& stop) {
    const Index rest_mask = low_bits(state.num_qubits()) & ~on_wires(wires, ~Index{0});
    const Index rest = bit(count_bits(rest_mask)), dimension = bit(static_cast<int>(wires.size()));
    std::vector<std::complex<double>> result(dimension * dimension), column(dimension);
    std::vector<Index> places(dimension);
    for (Index value = 0; value < dimension; ++value) places[value] = on_wires(wires, value);
    Index other = 0;
    for (Index i = 0; i < rest; ++i, other = next_outside(other, ~rest_mask)) {
        if (i % 1024 == 0) stop.throw_if_stopped();
        for (Index r = 0; r < dimension; ++r) column[r] = Complex(state.amplitudes()[other | places[r]]);
        for (Index r = 0; r < dimension; ++r) {
            for (Index c = 0; c < dimension; ++c) result[r * dimension + c] += column[r] * std::conj(column[c]);
        }
    }
    return result;
}

// The record before it counts too: merged trajectories go on with the steps of one of them.
std::uint64_t identity_of_record(std::uint64_t group, std::int64_t save, std::uint64_t steps, std::uint64_t previous) {
    std::uint64_t z = group ^ (steps * 0x9e3779b97f4a7c15u) ^ (static_cast<std::uint64_t>(save) << 48);
    z ^= previous * 0xd1342543de82ef95u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return std::max<std::uint64_t>(z ^ (z >> 31), 1);
}

}  // namespace

template <class T>
SavedData saved_data(const Program& program, const SaveOperation& operation, const StateVector<T>& state,
                     const RunContext& context) {
    const auto wires = program.targets(operation.wires);
    switch (operation.kind()) {
        case Saved::state:
            return amplitudes_in_order(state, wires, context.stop);
        case Saved::probabilities:
            return marginal_probabilities(state, std::vector<int>(wires.begin(), wires.end()), context);
        case Saved::amplitudes:
            return amplitudes_at(state, wires, operation.arguments());
        case Saved::expectations:
            return expectations(state, wires, operation.arguments(), context);
        case Saved::density:
            break;
    }
    return density(state, wires, context.stop);
}

template <class T>
void SaveStore::add(const Program& program, const SaveOperation& operation, const StateVector<T>& state, Shots& shots,
                    std::uint64_t steps, const RunContext& context) {
    const auto clbit_words = static_cast<std::ptrdiff_t>(program.clbit_words());
    const bool only_witness = operation.mode() == SaveMode::one;
    std::vector<SavedRecord> fresh;
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        if (only_witness && (!shots.has_witness() || group != shots.witness())) continue;
        const auto memory = shots.memory_of(group);
        std::uint64_t none = 0;
        std::uint64_t& last =
            operation.shot_word() < 0 ? none : memory[static_cast<std::size_t>(clbit_words + operation.shot_word())];
        const std::uint64_t identity = identity_of_record(shots.identity_of(group), operation.index(), steps, last);
        fresh.push_back({operation.index(),
                         identity,
                         last,
                         shots.weight_of(group),
                         {memory.begin(), memory.begin() + clbit_words},
                         nullptr});
        last = identity;
    }
    const auto is_wanted = [&](const SavedRecord& record) {
        const SavedRecord* const rival = rival_of(record, operation.mode());
        return rival == nullptr || only_witness || rival->identity < record.identity;
    };
    {
        const std::lock_guard lock(mutex_);
        if (std::ranges::none_of(fresh, is_wanted)) return;
    }
    const auto data = std::make_shared<const SavedData>(saved_data(program, operation, state, context));
    const std::lock_guard lock(mutex_);
    for (SavedRecord& record : fresh) {
        record.data = data;
        if (!is_wanted(record)) continue;
        if (SavedRecord* const rival = rival_of(record, operation.mode())) {
            *rival = std::move(record);
        } else {
            records_.push_back(std::move(record));
        }
    }
}

SavedRecord* SaveStore::rival_of(const SavedRecord& record, SaveMode mode) {
    if (mode == SaveMode::every) return nullptr;
    const auto rival = std::ranges::find_if(records_, [&](const SavedRecord& other) {
        return other.save == record.save && (mode == SaveMode::one || other.clbits == record.clbits);
    });
    return rival == records_.end() ? nullptr : &*rival;
}

std::vector<SavedRecord> SaveStore::take() {
    std::ranges::sort(records_, {}, [](const SavedRecord& record) { return std::tuple(record.save, record.identity); });
    return std::move(records_);
}

#define KETJET_INSTANTIATE(T)                                                                                         \
    template SavedData saved_data<T>(const Program&, const SaveOperation&, const StateVector<T>&, const RunContext&); \
    template void SaveStore::add<T>(const Program&, const SaveOperation&, const StateVector<T>&, Shots&,              \
                                    std::uint64_t, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
