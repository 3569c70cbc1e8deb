#include "exec/sweep_readings.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "exec/expected_work.hpp"
#include "exec/read_strings.hpp"
#include "plan/reading_cost.hpp"

namespace ketjet {

SweepReadings::SweepReadings(const Plan& plan, std::vector<PauliString> strings, bool with_norm)
    : strings_(std::move(strings)) {
    if (with_norm) strings_.emplace_back();
    places_ = reading_places(plan, strings_);
    std::vector<std::uint32_t> left = places_.left;
    if (with_norm) std::erase(left, strings_.size() - 1);
    sweeps_ = plan_readings(strings_, left, plan.machine, plan.request.precision, plan.state_qubits);
    sums_.resize(strings_.size());
}

std::span<const std::uint32_t> SweepReadings::read_by(std::size_t stage) const {
    const auto found = std::ranges::lower_bound(places_.sweeps, stage, {}, &SweepReads::stage);
    if (found == places_.sweeps.end() || found->stage != stage) return {};
    return found->strings;
}

std::int64_t SweepReadings::add_work(const Plan& plan, int threads, std::span<std::int64_t> stage_work) {
    if (!counts_reading(plan, strings_.size())) return 0;
    for (const SweepReads& reads : places_.sweeps) {
        stage_work[reads.stage] += nanoseconds(reading_seconds(plan, reads, strings_, threads));
    }
    for (const ReadSweep& sweep : sweeps_) {
        work_.push_back(nanoseconds(reading_seconds(plan, sweep, strings_, threads)));
    }
    return std::accumulate(work_.begin(), work_.end(), std::int64_t{0});
}

void SweepReadings::take(std::size_t stage, std::span<ExactSum> sums) {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t k : read_by(stage)) sums_[k].add(std::exchange(sums[k], {}));
}

template <class T>
void SweepReadings::read_rest(const StateVector<T>& state, const RunContext& context) {
    read_strings<T>(strings_, sweeps_, work_, state, sums_, context);
}

template void SweepReadings::read_rest<float>(const StateVector<float>&, const RunContext&);
template void SweepReadings::read_rest<double>(const StateVector<double>&, const RunContext&);

}  // namespace ketjet
