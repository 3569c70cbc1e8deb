#include "emit/slot_readings.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "emit/reading.hpp"

namespace ketjet {

namespace {

auto key_of(const PauliString& string) {
    return std::tuple(string.x, string.z, string.condition.mask, string.condition.value);
}

bool is_diagonal(const Derivative& derivative) {
    return std::ranges::all_of(derivative.generator, [](const PauliTerm& term) {
        return term.string.x == 0 && term.string.condition.mask == 0;
    });
}

}  // namespace

void SlotReadings::add_at(std::vector<std::uint32_t>& place, const Derivative& derivative) {
    const auto key = [&](std::uint32_t number) { return key_of(strings_[number]); };
    for (const PauliTerm& term : derivative.generator) {
        const auto found = std::ranges::lower_bound(place, key_of(term.string), {}, key);
        if (found == place.end() || strings_[*found] != term.string) {
            place.insert(found, add_apart(derivative.slot, term));
        } else {
            shares_.push_back({derivative.slot, *found, 2 * term.coefficient});
        }
    }
}

std::uint32_t SlotReadings::add_apart(std::uint32_t slot, const PauliTerm& term) {
    const auto number = static_cast<std::uint32_t>(strings_.size());
    strings_.push_back(term.string);
    shares_.push_back({slot, number, 2 * term.coefficient});
    return number;
}

template <class T>
void SlotReadings::emit(BlockFrame& frame, CallWriter<T>& out) {
    emit_reading(std::span<const PauliString>(strings_), std::span<const std::uint32_t>(present_), ReadPart::imaginary,
                 Bra::other_state, frame, out);
    present_.clear();
}

std::vector<DiagonalReading> SlotReadings::take_diagonal() {
    const auto [first, last] =
        std::ranges::stable_partition(behind_, [](const Derivative& derivative) { return !is_diagonal(derivative); });
    std::vector<std::uint32_t> place;
    for (const Derivative& derivative : std::ranges::subrange(first, last)) add_at(place, derivative);
    behind_.erase(first, last);
    std::vector<DiagonalReading> readings;
    for (const std::uint32_t number : place) readings.push_back({number, strings_[number].z});
    return readings;
}

void SlotReadings::give_back(std::span<const DiagonalReading> readings) {
    for (const DiagonalReading& reading : readings) present_.push_back(reading.sum);
}

void SlotReadings::go_on() {
    for (const Derivative& derivative : std::exchange(behind_, {})) add_at(present_, derivative);
}

template void SlotReadings::emit<float>(BlockFrame&, CallWriter<float>&);
template void SlotReadings::emit<double>(BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
