// What the passes of a sweep do: kernels, products, predicted time, and the reason why an operation shares its pass
// with no other.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "plan/facts.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// Why a pass holds one operation only, or why a stage is not part of the one before. Found by looking at what lies
// around it in the plan, with the planner's own rules of commuting and its own cost model.
enum class Reason : std::uint8_t {
    none,           // not applicable: the pass holds several operations, or is free
    switched_off,   // PlanOptions forbid merging
    wide,           // more than two qubits
    cold_qubit,     // a control or diagonal qubit is not hot
    cheaper_alone,  // dense_pays says no
    no_neighbour,   // a matrix on two qubits, and nothing beside it on those alone
    only_one,       // of its kind in the sweep
    between,        // others of its kind lie behind something it does not commute with
    left_apart,     // none of these: it could share a pass
    next_block,     // a sweep: it needs qubits that were not hot in the sweep before
    full,           // a sweep: the one before has as many operations as it may
    collapse,       // a sweep: something that is no linear map comes before
    control_flow,   // a sweep: what comes before decides where the run goes on, or several paths meet
};
std::string_view text_of(Reason reason);

struct PassOperation {
    std::uint32_t operation;
    Part part;
    bool operator==(const PassOperation&) const = default;
};

struct PassReport {
    std::string_view kind;                  // name_of the pass
    std::string_view kernel;                // that does most of it; "frame": bookkeeping, "gather": a factor of blocks
    std::vector<PassOperation> operations;  // in order
    std::vector<int> qubits;
    double ns_per_amplitude;   // predicted, on one thread
    double fma_per_amplitude;  // real products, at most: entries of 0 and 1 may save some
    Reason reason;
};

// Of all passes of a sweep of the plan, with the facts of the plan's operations.
std::vector<PassReport> pass_reports(const Plan& plan, const Sweep& sweep, std::span<const OperationFacts> facts);

// The qubits of a mask, ascending.
std::vector<int> list_of(Index qubits);
// Each operation once, ascending: one that is split over several passes is in the list of a sweep several times.
std::vector<std::uint32_t> distinct(std::vector<std::uint32_t> operations);

}  // namespace ketjet
