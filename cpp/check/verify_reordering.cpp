// Verifier::check_reordering: what reuse_qubits and share_out have done, proved on the program before them. Every
// operation is taken once; around each that moves amplitudes along a qubit, or writes a place of memory, all others on
// it keep their side; jumps pass over what they passed over; and a place in the state holds one qubit at a time.
#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "check/reference.hpp"
#include "check/verify.hpp"
#include "plan/control_flow.hpp"
#include "plan/memory_use.hpp"

namespace ketjet {

namespace {

constexpr std::int32_t nobody = -1;

// What an operation uses: a qubit, or behind those a place of memory.
struct Access {
    std::uint32_t thing;
    bool changes;
};

std::vector<std::int32_t> qubits_of(const Program& program, const Operation& operation) {
    std::vector<std::int32_t> qubits;
    std::visit(
        [&](const auto& which) {
            if constexpr (requires { which.qubit; }) qubits.push_back(which.qubit);
            if constexpr (requires { which.wires; }) {
                std::ranges::copy(program.controls(which.wires), std::back_inserter(qubits));
                std::ranges::copy(program.targets(which.wires), std::back_inserter(qubits));
            }
        },
        operation);
    return qubits;
}

std::vector<Access> accesses_of(const Program& program, const Operation& operation) {
    constexpr std::uint32_t memory = 64;
    std::vector<Access> result;
    Index moved = 0;
    if (is_unitary(operation)) {
        for (const Action& action : resolve(program, operation)) moved |= moved_qubits(action);
    }
    for (const std::int32_t qubit : qubits_of(program, operation)) {
        result.push_back({static_cast<std::uint32_t>(qubit), is_collapse(operation) || (moved >> qubit & 1) != 0});
    }
    if (const auto* const measure = std::get_if<MeasureOperation>(&operation)) {
        result.push_back({memory + static_cast<std::uint32_t>(measure->clbit), true});
    }
    const auto* const branch = std::get_if<BranchOperation>(&operation);
    const auto* const compute = std::get_if<ComputeOperation>(&operation);
    if (branch == nullptr && compute == nullptr) return result;
    const MemoryUse use = memory_use(program, branch != nullptr ? branch->code() : compute->code());
    for (const std::uint32_t place : use.reads) result.push_back({memory + place, false});
    for (const std::uint32_t place : use.writes) result.push_back({memory + place, true});
    for (const std::uint32_t place : use.touches) result.push_back({memory + place, true});
    return result;
}

// For every operation: how many earlier ones in this order change each thing that it uses.
std::vector<std::vector<std::uint32_t>> depths(const Program& program, std::span<const std::uint32_t> order) {
    std::vector<std::uint32_t> changes(64 + memory_places(program));
    std::vector<std::vector<std::uint32_t>> result(program.operations().size());
    for (const std::uint32_t index : order) {
        const std::vector<Access> accesses = accesses_of(program, program.operations()[index]);
        for (const Access& access : accesses) result[index].push_back(changes[access.thing]);
        for (const Access& access : accesses) changes[access.thing] += access.changes ? 1 : 0;
    }
    return result;
}

// Which qubit is where in the state, as operations go by.
class Places {
 public:
    explicit Places(const Program& before) {
        holder_.fill(nobody);
        place_.fill(nobody);
        for (const Operation& operation : before.operations()) {
            for (const std::int32_t qubit : qubits_of(before, operation)) ++left_[static_cast<std::size_t>(qubit)];
        }
    }

    // Whether an operation may use the qubit in this place.
    bool use(std::int32_t qubit, std::int32_t place) {
        std::int32_t& holder = holder_[static_cast<std::size_t>(place)];
        std::int32_t& own = place_[static_cast<std::size_t>(qubit)];
        if (holder == nobody && own == nobody) {
            holder = qubit;
            own = place;
        }
        --left_[static_cast<std::size_t>(qubit)];
        return holder == qubit && own == place;
    }

    void swap(std::int32_t first, std::int32_t second) {
        std::swap(holder_[static_cast<std::size_t>(first)], holder_[static_cast<std::size_t>(second)]);
        for (const std::int32_t place : {first, second}) {
            const std::int32_t holder = holder_[static_cast<std::size_t>(place)];
            if (holder != nobody) place_[static_cast<std::size_t>(holder)] = place;
        }
    }

    // Whether a reset of this place may end what it holds.
    bool leave(std::int32_t place) {
        std::int32_t& holder = holder_[static_cast<std::size_t>(place)];
        if (holder == nobody || left_[static_cast<std::size_t>(holder)] != 0) return false;
        holder = nobody;
        return true;
    }

 private:
    std::array<std::int32_t, 64> holder_;   // by place
    std::array<std::int32_t, 64> place_;    // by qubit
    std::array<std::uint32_t, 64> left_{};  // by qubit: how many uses are to come
};

}  // namespace

void Verifier::check_reordering() {
    if (plan_.reordering == nullptr) return;
    const Program before = plan_.reordering->before.with_slots({program_.slots().begin(), program_.slots().end()});
    const std::vector<std::uint32_t>& order = plan_.reordering->order;
    const auto require = [&](bool holds, auto finding) { check(holds ? 0 : 1, 0, finding); };

    std::vector<std::uint32_t> taken, in_order(before.operations().size()), position(in_order.size());
    std::vector<int> runs(in_order.size());
    for (std::uint32_t p = 0; p < order.size(); ++p) {
        if (order[p] >= runs.size()) continue;
        taken.push_back(order[p]);
        position[order[p]] = p;
        ++runs[order[p]];
    }
    for (std::uint32_t i = 0; i < in_order.size(); ++i) in_order[i] = i;
    require(order.size() == program_.operations().size() && std::ranges::all_of(runs, [](int n) { return n == 1; }),
            [] { return "qubits share places in a program of other operations"; });
    const auto planned = depths(before, taken), expected = depths(before, in_order);

    Places places(before);
    for (std::uint32_t p = 0; p < order.size(); ++p) {
        const Operation& now = program_.operations()[p];
        if (order[p] == Reordering::added) {
            const auto* const swap = std::get_if<GateOperation>(&now);
            if (swap != nullptr && swap->gate == swap_row && swap->wires.controls == 0) {
                const std::vector<std::int32_t> pair = qubits_of(program_, now);
                places.swap(pair[0], pair[1]);
                continue;
            }
            const auto* const reset = std::get_if<ResetOperation>(&now);
            require(reset != nullptr && places.leave(reset->qubit),
                    [&] { return describe(plan_, p) + " takes the place of a qubit that is still needed"; });
            continue;
        }
        const Operation& then = before.operations()[order[p]];
        const std::vector<std::int32_t> qubits = qubits_of(before, then), moved_to = qubits_of(program_, now);
        bool same = now.index() == then.index() && qubits.size() == moved_to.size();
        for (std::size_t k = 0; same && k < qubits.size(); ++k) same = places.use(qubits[k], moved_to[k]);
        require(same, [&] { return describe(plan_, p) + " is on a place that holds another qubit"; });
        if (std::holds_alternative<ResetOperation>(now)) places.leave(moved_to.front());
        require(planned[order[p]] == expected[order[p]],
                [&] { return describe(plan_, p) + " has been moved past an operation that it does not commute with"; });
        const auto target = target_of(then);
        if (!target) continue;
        bool whole = std::int64_t{*target_of(now)} - p == std::int64_t{*target} - order[p];
        const std::uint32_t first = std::min(order[p], *target), last = std::max(order[p], *target);
        for (std::uint32_t i = first; i < last; ++i) {
            whole = whole && std::int64_t{position[i]} - p == std::int64_t{i} - order[p];
        }
        require(whole, [&] { return describe(plan_, p) + " no longer leads to where it led"; });
    }
}

}  // namespace ketjet
