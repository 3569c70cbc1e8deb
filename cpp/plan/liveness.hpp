// Liveness: which qubits are still looked at after each operation, and which measurements can therefore wait for the
// final state. Found by walking backwards, along jumps too.
#pragma once

#include <span>
#include <vector>

#include "plan/control_flow.hpp"
#include "plan/facts.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// The measurements that can be read from the final state: nothing but measurements follows on their qubit, and where
// only outcomes count also what is diagonal on it, for that commutes with measuring. Classical code does not look at
// their bit, and every run passes them once.
struct FinalReads {
    std::vector<bool> is_final;           // by operation
    std::vector<FinalMeasurement> reads;  // without those whose classical bit is written again
};
FinalReads find_final_reads(const Program& program, std::span<const OperationFacts> facts, const ControlFlow& flow,
                            bool only_outcomes);

// The qubits that are looked at after each operation before they are reset; at the end those of the final reads.
std::vector<Index> live_qubits(const Program& program, std::span<const OperationFacts> facts, const FinalReads& final);

}  // namespace ketjet
