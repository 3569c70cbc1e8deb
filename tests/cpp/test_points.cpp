// What the points of a sweep have in common is found, run once, and changes nothing that they give.
#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"
#include "run/common_part.hpp"
#include "run/common_state.hpp"
#include "run/points.hpp"

using namespace ketjet;

namespace {

constexpr int qubits = 8;
constexpr std::size_t layers = 6, layer_slots = 2 * qubits;

// Layers of rotations and entangling gates.
Program layered() {
    Builder builder(qubits);
    for (std::size_t layer = 0; layer < layers; ++layer) {
        for (int q = 0; q < qubits; ++q) builder.gate("rx", {q}, {0.1}).gate("rz", {q}, {0.1});
        for (int q = 0; q < qubits; ++q) builder.gate("cx", {q, (q + 3) % qubits});
        builder.gate("h", {static_cast<std::int32_t>(layer)});
    }
    for (int q = 0; q < qubits; ++q) builder.measure(q);
    return builder.build();
}

// Of points that are equal in so many layers.
std::vector<double> slots_of(std::size_t points, std::size_t equal_layers) {
    std::mt19937_64 random(points + equal_layers);
    std::uniform_real_distribution<double> angle(-7, 7);
    std::vector<double> slots(points * layers * layer_slots);
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const std::size_t slot = i % (layers * layer_slots);
        slots[i] = i != slot && slot < equal_layers * layer_slots ? slots[slot] : angle(random);
    }
    return slots;
}

std::shared_ptr<const Plan> planned(Precision precision, std::int64_t l2_bytes) {
    Machine machine;
    machine.l2_bytes = l2_bytes;
    PlanRequest request;
    request.precision = precision;
    return std::make_shared<const Plan>(plan(layered(), machine, request));
}

template <class T>
PointsResult run_all(const std::shared_ptr<const Plan>& plan, std::span<const double> slots,
                     std::span<const PhiloxKey> keys) {
    RunRequest request;
    request.shots = 200;
    request.readouts.push_back(ObservablesReadout{
        std::make_shared<const ObservableSet>(std::vector<PauliString>{{1, 6, {}}, {0, 3, {}}, {5, 5, {}}},
                                              SparseRows{{0, 2, 3}, {0, 1, 2}, {0.5, -1.5, 2}}),
        true});
    RunCounters counters;
    return run_points<T>(plan, {slots, keys, keys.size()}, request, {kernels_for(), 1, StopToken(counters)});
}

template <class T>
void changes_nothing(Precision precision, std::int64_t l2_bytes, bool by_sweeps) {
    constexpr std::size_t points = 5;
    const auto made = planned(precision, l2_bytes);
    CHECK(by_sweeps == (made->stages.size() > 2));
    const std::vector<PhiloxKey> keys{{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
    for (std::size_t equal_layers = 0; equal_layers <= layers; ++equal_layers) {
        const std::vector<double> slots = slots_of(points, equal_layers);
        const PointsResult together = run_all<T>(made, slots, keys);
        PointsResult apart;
        for (std::size_t point = 0; point < points; ++point) {
            const auto own = std::span(slots).subspan(point * layers * layer_slots, layers * layer_slots);
            const PointsResult alone = run_all<T>(made, own, std::span(keys).subspan(point, 1));
            apart.keys.insert(apart.keys.end(), alone.keys.begin(), alone.keys.end());
            apart.counts.insert(apart.counts.end(), alone.counts.begin(), alone.counts.end());
            apart.readouts.resize(alone.readouts.size());
            apart.readouts[0].insert(apart.readouts[0].end(), alone.readouts[0].begin(), alone.readouts[0].end());
        }
        CHECK(together.keys == apart.keys);
        CHECK(together.counts == apart.counts);
        CHECK(together.readouts == apart.readouts);
    }
}

void is_found() {
    constexpr std::size_t points = 3;
    const auto made = planned(Precision::double_, 1 << 10);
    RunCounters counters;
    const RunContext context{kernels_for(), 1, StopToken(counters), made->machine};
    std::size_t last = 0;
    for (std::size_t equal_layers = 0; equal_layers <= layers; ++equal_layers) {
        const std::vector<double> slots = slots_of(points, equal_layers);
        const CommonPart common(*made, slots, points);
        const std::span<const Operation> operations = made->program.operations();
        const std::size_t count = common.operations();
        CHECK(count >= last && (equal_layers == layers) == (count == operations.size()));
        last = count;
        const BoundPlan bound(made, std::span(slots).first(layers * layer_slots));
        const auto state = make_common_state<double>(bound, common.sweeps(), nullptr, context);
        CHECK((state != nullptr) == (common.sweeps() > 0));
        if (state != nullptr) CHECK(state->stages == std::min(common.sweeps(), made->stages.size() - 1));
    }
    CHECK(CommonPart(*made, slots_of(points, layers), points).sweeps() == made->stages.size());
    CHECK(CommonPart(*made, slots_of(points, 0), points).operations() == 0);
    const std::vector<double> slots = slots_of(points, layers);
    const BoundPlan bound(made, std::span(slots).first(layers * layer_slots));
    fail_allocation_after(1);
    CHECK(make_common_state<double>(bound, made->stages.size(), nullptr, context) == nullptr);
    fail_allocation_after(0);
}

}  // namespace

int main() {
    changes_nothing<double>(Precision::double_, 1 << 10, true);
    changes_nothing<float>(Precision::single, 1 << 10, true);
    changes_nothing<double>(Precision::double_, 1 << 20, false);
    changes_nothing<float>(Precision::single, 1 << 20, false);
    is_found();
    return failed_checks == 0 ? 0 : 1;
}
