// What save operations have recorded of the states on the way: one datum for each trajectory that passed, and a record
// for each of its groups of shots.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "readout/saved_data.hpp"
#include "shots/shots.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

struct SavedRecord {
    std::int64_t save;       // its index
    std::uint64_t identity;  // of this record; 0 is none
    std::uint64_t previous;  // record of the same shots, where the save is listed for each shot
    double weight;           // a number of shots, or their probability
    SavesVector<std::uint64_t> clbits;
    std::shared_ptr<const SavedData> data;
};

// Gathers the records of all threads; what it holds in the end does not depend on their order.
class SaveStore {
 public:
    // Records the state of a trajectory after so many steps for all of its shots, and notes the records in their
    // memory.
    template <class T>
    void add(const Program& program, const SaveOperation& operation, const StateVector<T>& state, Shots& shots,
             std::uint64_t steps, const RunContext& context);

    // By save, then by identity.
    SavesVector<SavedRecord> take();

 private:
    // A save, and with one_a_key the classical bits: there is one record of each.
    using Key = SavesVector<std::uint64_t>;
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    static Key key_of(const SavedRecord& record, SaveMode mode);
    // The record with the same key that a new one may replace.
    SavedRecord* rival_of(const SavedRecord& record, SaveMode mode);

    std::mutex mutex_;
    SavesVector<SavedRecord> records_;
    std::unordered_map<Key, std::size_t, KeyHash, std::equal_to<>,
                       ChargedAllocator<std::pair<const Key, std::size_t>, MemoryPurpose::saves>>
        places_;  // in `records_`
};

}  // namespace ketjet
