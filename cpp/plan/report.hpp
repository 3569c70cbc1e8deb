// What a Plan does and why, stage by stage and pass by pass: kernels, bytes, products, predicted time, and the reason
// why an operation shares its pass with no other. Made for explain(); its times and bytes are those of plan_cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/cost.hpp"
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

// An operation of plan.program.
struct OperationReport {
    std::string name;         // "cx", "unitary"; a gate with controls beyond its row's is "c2-h"
    std::vector<int> qubits;  // controls first
};

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

struct StageReport {
    std::string_view kind;
    std::vector<int> hot;                   // of a sweep
    std::vector<int> active;                // before the stage: the others are still |0>
    int folded = -1;                        // as in Sweep
    std::vector<std::uint32_t> operations;  // each once, ascending
    std::int64_t bytes_moved;
    double amplitudes;  // visited
    double fma;
    double seconds;  // predicted
    Reason reason;
    std::vector<int> missing;             // with Reason::next_block: qubits that were not hot before
    std::optional<std::uint32_t> target;  // of a branch or jump: a stage
    std::vector<PassReport> passes;
};

struct PlanReport {
    std::vector<OperationReport> operations;  // of plan.program, each as it stands in plan.original
    std::vector<StageReport> stages;
    PlanCost cost;
    double fma;
    std::size_t left_out;  // operations of plan.original that were dropped or worked out beforehand
};

PlanReport report(const Plan& plan, int threads);

}  // namespace ketjet
