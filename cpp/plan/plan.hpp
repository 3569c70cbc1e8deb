// A Plan: the few stages in which a Program is executed. A value: it compares, and prints itself. It refers to
// operations by index and holds no angles, so it stays valid when the Program is rebound to new slot values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "program/program.hpp"

namespace ketjet {

// One pass over memory: every block of 2^hot.size() amplitudes is gathered, all operations run on it, and it is
// scattered back. `hot` is ascending and begins with the low qubits that make up a contiguous run.
// Qubits outside `active` are |0> before the sweep, and what is stored there is not read: only blocks whose cold
// qubits are active are visited. So a state that starts as |0...0> grows from sweep to sweep.
struct Sweep {
    std::vector<int> hot;
    Index active;
    std::vector<std::uint32_t> operations;
    std::vector<std::uint32_t> pass_begin;  // pass p is operations [pass_begin[p], pass_begin[p + 1]): one kernel call

    std::size_t num_passes() const { return pass_begin.size() - 1; }
    std::span<const std::uint32_t> pass(std::size_t p) const {
        return std::span(operations).subspan(pass_begin[p], pass_begin[p + 1] - pass_begin[p]);
    }
    bool operator==(const Sweep&) const = default;
};

// A measure, reset or initialize in the middle of the program. Initialize on qubits that nothing has touched yet
// is not random: they are |0> already.
struct Collapse {
    std::uint32_t operation;
    bool random;
    bool operator==(const Collapse&) const = default;
};

// Writes what growth has left out: zero wherever a qubit outside `active` is 1, and |0...0> if none is active.
struct Extend {
    Index active;
    bool operator==(const Extend&) const = default;
};

using Stage = std::variant<Sweep, Collapse, Extend>;
bool is_random(const Stage& stage);

// A measurement that is read from the final state: no later operation touches its qubit.
struct FinalMeasurement {
    std::int32_t qubit;
    std::int32_t clbit;
    bool operator==(const FinalMeasurement&) const = default;
};

struct Plan {
    int num_qubits = 0;    // of the program
    int state_qubits = 0;  // of the stored state: at least minimum_state_qubits, the extra ones stay |0>
    std::vector<Stage> stages;
    std::vector<FinalMeasurement> final_measurements;  // in program order: a later one overwrites its clbit

    bool operator==(const Plan&) const = default;
    bool has_random_collapse() const;
    int num_sweeps() const;
    std::string to_string(const Program& program) const;
};

// Every stored state has at least this many qubits, so that one vector register always fits into it.
inline constexpr int minimum_state_qubits = 4;

}  // namespace ketjet
