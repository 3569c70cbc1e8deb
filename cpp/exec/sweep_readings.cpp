#include "exec/sweep_readings.hpp"

#include <algorithm>
#include <utility>

namespace ketjet {

SweepReadings::SweepReadings(const Plan& plan, std::vector<PauliString> strings)
    : strings_(std::move(strings)), places_(reading_places(plan, strings_)), sums_(strings_.size()) {}

std::span<const std::uint32_t> SweepReadings::read_by(std::size_t stage) const {
    const auto found = std::ranges::lower_bound(places_.sweeps, stage, {}, &SweepReads::stage);
    if (found == places_.sweeps.end() || found->stage != stage) return {};
    return found->strings;
}

void SweepReadings::take(std::size_t stage, std::span<ExactSum> sums) {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t k : read_by(stage)) sums_[k].add(std::exchange(sums[k], {}));
}

}  // namespace ketjet
