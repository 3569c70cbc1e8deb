// `one` keeps the latest record; `one_a_key` keeps, for each value of the classical bits, the record with the greatest
// identity, so that the order of threads does not matter.
#include "shots/save.hpp"

#include <algorithm>
#include <tuple>

#include "base/hash.hpp"

namespace ketjet {

namespace {

constexpr std::size_t python_bytes = 512;       // of the objects that become of one record
constexpr std::size_t between_polls = 1 << 16;  // groups of shots

// The record before it counts too: merged trajectories go on with the steps of one of them.
std::uint64_t identity_of_record(std::uint64_t group, std::int64_t save, std::uint64_t steps, std::uint64_t previous) {
    const std::uint64_t word =
        group ^ (steps * golden_step) ^ (static_cast<std::uint64_t>(save) << 48) ^ (previous * 0xd1342543de82ef95u);
    return std::max<std::uint64_t>(mix_bits(word), 1);
}

}  // namespace

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

#define KETJET_INSTANTIATE(T)                                                                            \
    template void SaveStore::add<T>(const Program&, const SaveOperation&, const StateVector<T>&, Shots&, \
                                    std::uint64_t, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
