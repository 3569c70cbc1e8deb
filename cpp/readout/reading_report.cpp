#include "readout/reading_report.hpp"

#include <bit>
#include <set>
#include <span>
#include <variant>

#include "plan/reading_cost.hpp"
#include "plan/reading_places.hpp"
#include "plan/reading_plan.hpp"

namespace ketjet {

namespace {

ReadPartReport part_of(std::span<const PauliString> strings, std::span<const std::uint32_t> read, std::vector<int> hot,
                       Index paired, double seconds) {
    ReadPartReport part{std::move(hot), {}, read.size(), 0, seconds};
    for (; paired != 0; paired &= paired - 1) part.paired.push_back(std::countr_zero(paired));
    std::set<Index> flips;
    for (const std::uint32_t k : read) flips.insert(strings[k].x);
    part.flips = flips.size();
    return part;
}

}  // namespace

ReadingReport reading_report(const Plan& plan, const ObservableSet& observables, int threads) {
    const std::span<const PauliString> strings = observables.strings();
    const ReadingPlaces places = reading_places(plan, strings);
    ReadingReport report{places.last, {}, {}};
    for (const SweepReads& reads : places.sweeps) {
        const auto& sweep = std::get<Sweep>(plan.stages[reads.stage]);
        const double seconds = reading_seconds(plan, reads, strings, threads);
        report.stages.push_back({reads.stage, part_of(strings, reads.strings, sweep.hot, 0, seconds)});
    }
    for (ReadSweep& sweep :
         plan_readings(strings, places.left, plan.machine, plan.request.precision, plan.state_qubits)) {
        const double seconds = reading_seconds(plan, sweep, strings, threads);
        report.sweeps.push_back(part_of(strings, sweep.strings, std::move(sweep.hot), sweep.paired, seconds));
    }
    return report;
}

}  // namespace ketjet
