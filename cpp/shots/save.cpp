// `one` keeps the latest record; `one_a_key` keeps, for each value of the classical bits, the record with the greatest
// identity, so that the order of threads does not matter.
#include "shots/save.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "base/hash.hpp"
#include "readout/density.hpp"
#include "readout/observable.hpp"
#include "readout/probabilities.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr std::size_t python_bytes = 512;        // of the objects that become of one record
constexpr Index between_polls = Index{1} << 16;  // amplitudes, or groups of shots

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

template <class T>
SavesVector<double> expectations(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                 std::span<const std::int64_t> arguments, const RunContext& context) {
    SavesVector<double> result;
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

// The record before it counts too: merged trajectories go on with the steps of one of them.
std::uint64_t identity_of_record(std::uint64_t group, std::int64_t save, std::uint64_t steps, std::uint64_t previous) {
    const std::uint64_t word =
        group ^ (steps * golden_step) ^ (static_cast<std::uint64_t>(save) << 48) ^ (previous * 0xd1342543de82ef95u);
    return std::max<std::uint64_t>(mix_bits(word), 1);
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
            return expectations(state, wires, operation.arguments(), context);
        case Saved::density:
            break;
    }
    return density_matrix(state, wires, context);
}

template <class T>
void SaveStore::add(const Program& program, const SaveOperation& operation, const StateVector<T>& state, Shots& shots,
                    std::uint64_t steps, const RunContext& context) {
    const auto clbit_words = static_cast<std::ptrdiff_t>(program.clbit_words());
    const bool one = operation.mode() == SaveMode::one;
    SavesVector<SavedRecord> fresh;
    for (std::size_t group = 0; group < (one ? 1 : shots.groups()); ++group) {
        if (group % between_polls == 0) context.stop.throw_if_stopped();
        const auto memory = shots.memory_of(group);
        std::uint64_t none = 0;
        std::uint64_t& last =
            operation.shot_word() < 0 ? none : memory[static_cast<std::size_t>(clbit_words + operation.shot_word())];
        const std::uint64_t identity = identity_of_record(shots.identity_of(group), operation.index(), steps, last);
        fresh.push_back({operation.index(),
                         identity,
                         last,
                         shots.weight_of(group).value(),
                         {memory.begin(), memory.begin() + clbit_words},
                         nullptr});
        last = identity;
    }
    const auto is_wanted = [&](const SavedRecord& record) {
        const SavedRecord* const rival = rival_of(record, operation.mode());
        return rival == nullptr || one || rival->identity < record.identity;
    };
    {
        const std::lock_guard lock(mutex_);
        if (std::ranges::none_of(fresh, is_wanted)) return;
    }
    const auto data = std::allocate_shared<const SavedData>(ChargedAllocator<SavedData, MemoryPurpose::saves>(),
                                                            saved_data(program, operation, state, context));
    const std::lock_guard lock(mutex_);
    for (SavedRecord& record : fresh) {
        record.data = data;
        if (!is_wanted(record)) continue;
        if (SavedRecord* const rival = rival_of(record, operation.mode())) {
            *rival = std::move(record);
        } else {
            if (operation.mode() != SaveMode::every) places_.emplace(key_of(record, operation.mode()), records_.size());
            if (MemoryBudget* const budget = MemoryBudget::current())
                budget->charge(MemoryPurpose::saves, python_bytes);
            records_.push_back(std::move(record));
        }
    }
}

SavedRecord* SaveStore::rival_of(const SavedRecord& record, SaveMode mode) {
    if (mode == SaveMode::every) return nullptr;
    const auto place = places_.find(key_of(record, mode));
    return place == places_.end() ? nullptr : &records_[place->second];
}

SaveStore::Key SaveStore::key_of(const SavedRecord& record, SaveMode mode) {
    Key key{static_cast<std::uint64_t>(record.save)};
    if (mode == SaveMode::one_a_key) key.insert(key.end(), record.clbits.begin(), record.clbits.end());
    return key;
}

std::size_t SaveStore::KeyHash::operator()(const Key& key) const {
    std::uint64_t hash = 0;
    for (const std::uint64_t word : key) hash = (hash ^ word ^ hash >> 31) * golden_step;
    return static_cast<std::size_t>(hash ^ hash >> 32);
}

SavesVector<SavedRecord> SaveStore::take() {
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
