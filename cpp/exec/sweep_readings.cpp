#include "exec/sweep_readings.hpp"

#include <utility>
#include <variant>

namespace ketjet {

namespace {

std::optional<std::size_t> last_sweep(const Plan& plan) {
    for (std::size_t stage = plan.stages.size(); stage-- > 0;) {
        if (std::holds_alternative<Extend>(plan.stages[stage])) continue;
        const Sweep* const sweep = std::get_if<Sweep>(&plan.stages[stage]);
        return sweep != nullptr && sweep->folded < 0 ? std::optional(stage) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

SweepReadings::SweepReadings(const Plan& plan, std::vector<PauliString> strings)
    : strings_(std::move(strings)), stage_(last_sweep(plan)), sums_(strings_.size()) {
    const Index hot = stage_ ? mask_of(std::get<Sweep>(plan.stages[*stage_]).hot) : 0;
    for (std::size_t k = 0; k < strings_.size(); ++k) {
        const bool rides = stage_ && (strings_[k].x & ~hot) == 0;
        (rides ? read_ : left_).push_back(static_cast<std::uint32_t>(k));
    }
}

void SweepReadings::add(std::span<const ExactSum> sums) {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t k : read_) sums_[k].add(sums[k]);
}

}  // namespace ketjet
