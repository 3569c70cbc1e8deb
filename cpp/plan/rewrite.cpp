// The order of the rewrites, and what they are made with.
#include "plan/rewrite.hpp"

#include <algorithm>
#include <numeric>

#include "base/bit_set.hpp"
#include "plan/drop_unseen.hpp"
#include "plan/known_bits.hpp"
#include "plan/leave_out.hpp"
#include "plan/prune.hpp"
#include "plan/relabel_swaps.hpp"
#include "plan/reuse.hpp"
#include "plan/write_out_y.hpp"

namespace ketjet {

Wanted wanted_of(const Program& program, const PlanRequest& request) {
    if (!request.options.prune || !request.from_zero || request.keep_state) return Wanted::state;
    bool measures = false;
    for (const Operation& operation : program.operations()) {
        if (std::holds_alternative<SaveOperation>(operation)) return Wanted::records;
        measures = measures || std::holds_alternative<MeasureOperation>(operation);
    }
    return measures ? Wanted::outcomes : Wanted::state;
}

namespace {

// Narrower programs that draw anything keep their qubits: what leaving some out would gain is less than a few
// milliseconds, and random numbers go by the numbers of basis states.
constexpr int narrow_qubits = 20;

bool leaves_out_known(const Program& program, const PlanRequest& request) {
    if (!request.from_zero || !request.options.known_bits || !request.options.prune || request.keep_state) return false;
    bool reads = false, draws = false;
    for (const Operation& operation : program.operations()) {
        reads = reads || std::holds_alternative<SaveOperation>(operation) ||
                std::holds_alternative<MeasureOperation>(operation);
        draws = draws || is_collapse(operation);
    }
    return reads && (!draws || program.num_qubits() > narrow_qubits);
}

bool saves_phases(const Program& program) {
    return std::ranges::any_of(program.operations(), [](const Operation& operation) {
        const auto* const save = std::get_if<SaveOperation>(&operation);
        return save != nullptr && (save->kind() == Saved::state || save->kind() == Saved::amplitudes);
    });
}

// The qubits that are |0> at first.
BitSet zero_qubits(const Program& program, const PlanRequest& request) {
    BitSet zero(program.num_qubits());
    for (std::int32_t qubit = 0; qubit < program.num_qubits(); ++qubit) {
        if (request.from_zero || (qubit < max_state_qubits && (request.fresh >> qubit & 1) != 0)) zero.insert(qubit);
    }
    return zero;
}

RewrittenProgram use_zeros(const Program& program, RewrittenProgram result, const PlanRequest& request) {
    const BitSet zero = zero_qubits(program, request);
    const Wanted wanted = wanted_of(program, request);
    const bool leaves_out = leaves_out_known(program, request);
    const bool drops_phases = wanted == Wanted::outcomes || (leaves_out && !saves_phases(program));
    if (leaves_out && drops_phases) result = drop_unseen(result);
    if (request.options.known_bits) result = use_known_bits(result, zero, {drops_phases, leaves_out});
    if (request.options.relabel_swaps) result = relabel_swaps(result, zero);
    if (leaves_out) result = leave_out_known(result);
    if (wanted == Wanted::state || result.num_qubits > max_state_qubits) return result;
    result = prune(result);
    if (request.options.reuse_qubits && wanted == Wanted::outcomes) result = reuse_qubits(result);
    return result;
}

}  // namespace

RewrittenProgram rewrite(const Program& program, const PlanRequest& request) {
    RewrittenProgram result{program, std::vector<std::uint32_t>(program.operations().size()), program.num_qubits()};
    std::iota(result.origins.begin(), result.origins.end(), 0u);
    if (request.from_zero || request.fresh != 0) result = use_zeros(program, std::move(result), request);
    // It comes last: what the other steps find out, and with it every sample, does not depend on it.
    if (request.options.block_frame && result.reordering == nullptr) {
        result = write_out_y(result, wanted_of(program, request) != Wanted::outcomes);
    }
    return result;
}

}  // namespace ketjet
