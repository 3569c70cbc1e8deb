#include "plan/reading_places.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "program/roles.hpp"

namespace ketjet {

namespace {

Index support(const PauliString& string) { return string.x | string.z | string.condition.mask; }

// The sweeps of a plan from the last one back to whatever else changes amplitudes. What operations do is looked up as
// it is asked for: most strings come no further than the last sweep.
class SweepsFromTheEnd {
 public:
    struct Place {
        std::size_t stage;
        Index readable;  // qubits that strings may flip here
        bool reads;      // whether amplitudes are as they are
        int active;      // how many qubits, after it
    };

    explicit SweepsFromTheEnd(const Plan& plan) : plan_(plan) {
        for (std::size_t stage = plan.stages.size(); stage-- > 0;) {
            if (std::holds_alternative<Extend>(plan.stages[stage])) continue;
            const Sweep* const sweep = std::get_if<Sweep>(&plan.stages[stage]);
            if (sweep == nullptr) break;
            places_.push_back({stage, mask_of(sweep->hot), sweep->folded < 0, count_bits(sweep->active_after())});
        }
    }

    std::span<const Place> places() const { return places_; }

    // Whether all operations of a sweep commute with a string: it is diagonal wherever they are, and the identity where
    // they are not.
    bool commutes(std::size_t place, const PauliString& string) {
        while (roles_.size() <= place) roles_.push_back(roles_of(places_[roles_.size()].stage));
        return (roles_[place].local & support(string)) == 0 && (roles_[place].diagonal & string.x) == 0;
    }

 private:
    Roles roles_of(std::size_t stage) const {
        Roles all;
        for (const std::uint32_t index : std::get<Sweep>(plan_.stages[stage]).operations) {
            const Roles role = roles(plan_.program, plan_.program.operations()[index]);
            all.local |= role.local;
            all.diagonal |= role.diagonal;
        }
        return all;
    }

    const Plan& plan_;
    std::vector<Place> places_;
    std::vector<Roles> roles_;  // of the operations of the first few
};

// The place with the fewest amplitudes; of several the last, for there most strings meet.
std::optional<std::size_t> place_of(const PauliString& string, SweepsFromTheEnd& sweeps) {
    const auto places = sweeps.places();
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const bool fits = places[i].reads && (string.x & ~places[i].readable) == 0;
        if (fits && (!best || places[i].active < places[*best].active)) best = i;
        if (string == PauliString{} || i + 1 == places.size() || !sweeps.commutes(i, string)) break;
    }
    return best;
}

}  // namespace

ReadingPlaces reading_places(const Plan& plan, std::span<const PauliString> strings) {
    SweepsFromTheEnd sweeps(plan);
    ReadingPlaces result;
    if (!sweeps.places().empty() && sweeps.places().front().reads) result.last = sweeps.places().front().stage;
    std::vector<std::vector<std::uint32_t>> read(sweeps.places().size());
    for (std::size_t k = 0; k < strings.size(); ++k) {
        const auto place = place_of(strings[k], sweeps);
        (place ? read[*place] : result.left).push_back(static_cast<std::uint32_t>(k));
    }
    for (std::size_t place = read.size(); place-- > 0;) {
        if (!read[place].empty()) result.sweeps.push_back({sweeps.places()[place].stage, std::move(read[place])});
    }
    return result;
}

}  // namespace ketjet
