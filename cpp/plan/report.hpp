// What a Plan does and why, stage by stage and pass by pass: kernels, bytes, products, predicted time, and the reason
// why an operation shares its pass with no other. Made for explain(); its times and bytes are those of plan_cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/cost.hpp"
#include "plan/pass_report.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// An operation of plan.program.
struct OperationReport {
    std::string name;         // "cx", "unitary"; a gate with controls beyond its row's is "c2-h"
    std::vector<int> qubits;  // controls first
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
    std::vector<SwappedQubits> swaps;     // of an exchange
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
