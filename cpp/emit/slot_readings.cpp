#include "emit/slot_readings.hpp"

#include <numeric>

#include "emit/reading.hpp"

namespace ketjet {

void SlotReadings::add(std::span<const Derivative> derivatives) {
    for (const auto& [slot, generator] : derivatives) {
        for (const auto& [string, coefficient] : generator) {
            const std::tuple key(string.x, string.z, string.condition.mask, string.condition.value);
            const auto number = static_cast<std::uint32_t>(strings_.size());
            const auto [place, is_new] = numbers_.emplace(key, number);
            if (is_new) strings_.push_back(string);
            shares_.push_back({slot, place->second, 2 * coefficient});
        }
    }
}

template <class T>
void SlotReadings::emit(BlockFrame& frame, CallWriter<T>& out) {
    std::vector<std::uint32_t> read(strings_.size() - emitted_);
    if (read.empty()) return;
    std::iota(read.begin(), read.end(), static_cast<std::uint32_t>(emitted_));
    emit_reading(std::span<const PauliString>(strings_), std::span<const std::uint32_t>(read), ReadPart::imaginary,
                 Bra::other_state, frame, out);
    emitted_ = strings_.size();
    numbers_.clear();
}

template void SlotReadings::emit<float>(BlockFrame&, CallWriter<float>&);
template void SlotReadings::emit<double>(BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
