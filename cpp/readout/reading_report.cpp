#include "readout/reading_report.hpp"

#include <bit>
#include <set>
#include <span>
#include <variant>

#include "exec/sweep_readings.hpp"
#include "plan/reading_plan.hpp"

namespace ketjet {

namespace {

ReadPartReport part_of(std::span<const PauliString> strings, std::span<const std::uint32_t> read, std::vector<int> hot,
                       Index paired) {
    ReadPartReport part{std::move(hot), {}, read.size(), 0};
    for (; paired != 0; paired &= paired - 1) part.paired.push_back(std::countr_zero(paired));
    std::set<Index> flips;
    for (const std::uint32_t k : read) flips.insert(strings[k].x);
    part.flips = flips.size();
    return part;
}

}  // namespace

ReadingReport reading_report(const Plan& plan, const ObservableSet& observables) {
    const SweepReadings readings(plan, {observables.strings().begin(), observables.strings().end()});
    ReadingReport report{readings.stage(), {}, {}};
    if (report.stage) {
        const Sweep& sweep = std::get<Sweep>(plan.stages[*report.stage]);
        report.riding = part_of(readings.strings(), readings.reading().read, sweep.hot, 0);
    }
    for (ReadSweep& sweep :
         plan_readings(readings.strings(), readings.left(), plan.machine, plan.request.precision, plan.state_qubits)) {
        report.sweeps.push_back(part_of(readings.strings(), sweep.strings, std::move(sweep.hot), sweep.paired));
    }
    return report;
}

}  // namespace ketjet
