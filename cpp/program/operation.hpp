// The operations of a Program: a struct for each kind, and Operation, which is any one of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "program/gate.hpp"

namespace ketjet {

// The qubits of one operation: controls first, then targets, as a stretch of Program's wire list.
// Control i must be in the state given by bit i of control_state.
struct Wires {
    std::uint32_t begin;
    std::uint16_t controls;
    std::uint16_t targets;
    std::uint64_t control_state;
};

struct GateOperation {  // a row of gate_table(); its row's controls are counted in wires.controls
    std::int32_t gate;
    Wires wires;
    std::uint32_t slot;  // first of facts.parameters consecutive slots
};
struct UnitaryOperation {  // a dense matrix on the targets
    Wires wires;
    std::shared_ptr<const std::vector<Complex>> matrix;
};
struct DiagonalOperation {  // 2^targets entries, target 0 = lowest index bit
    Wires wires;
    std::shared_ptr<const std::vector<Complex>> entries;
};
struct MultiplexerOperation {  // target 0 gets the 2x2 matrix selected by the other targets (target 1 = lowest bit)
    Wires wires;
    std::shared_ptr<const std::vector<Complex>> matrices;  // 2^(targets-1) row-major 2x2 blocks
};
struct PauliRotationOperation {  // exp(-i angle/2 P)
    Wires wires;
    std::shared_ptr<const std::vector<std::int64_t>> paulis;  // per target, as in program/pauli.hpp
    std::uint32_t slot;
};
struct PermutationOperation {  // the qubit at target pattern[k] moves to target k
    Wires wires;
    std::shared_ptr<const std::vector<std::int64_t>> pattern;
};
struct InitializeOperation {  // resets the targets, then puts them into the given normalised state
    Wires wires;
    std::shared_ptr<const std::vector<Complex>> amplitudes;
};
struct ResetOperation {
    std::int32_t qubit;
};
struct MeasureOperation {
    std::int32_t qubit;
    std::int32_t clbit;
};
struct GlobalPhaseOperation {  // multiplies the state by e^{i slot}
    std::uint32_t slot;
    bool of_circuit = true;  // and what an initialisation of all qubits puts in its place; else it is a gate's
};
struct ComputeOperation {  // runs classical code (program/classical_code.hpp) on the classical memory
    std::shared_ptr<const std::vector<std::int64_t>> payload;
    std::span<const std::int64_t> code() const { return *payload; }
};
struct BranchOperation {  // if the code yields false, the run goes on at operation `target`, else at the next one
    std::uint32_t target;
    std::shared_ptr<const std::vector<std::int64_t>> payload;  // the target, then the code
    std::span<const std::int64_t> code() const { return std::span(*payload).subspan(1); }
};
struct JumpOperation {  // the run goes on at operation `target`
    std::uint32_t target;
};

// Records something of the state as it is for each shot.
enum class Saved : std::int64_t {
    state,          // the amplitudes, over all qubits in the order of the wires
    probabilities,  // of the values of the wires
    amplitudes,     // of the basis states listed, over all qubits in the order of the wires
    expectations,   // of sums of real multiples of Pauli strings on the wires
    density,        // the matrix of the wires, the others traced out
};
constexpr std::array<std::string_view, 5> saved_names = {"state", "probabilities", "amplitudes", "expectations",
                                                         "density"};  // in the order of Saved
static_assert(saved_names.size() == static_cast<std::size_t>(Saved::density) + 1);

enum class SaveMode : std::int64_t {
    every,      // all records are kept
    one,        // one in all
    one_a_key,  // one for each value of the classical bits
};
constexpr std::array<std::string_view, 3> save_mode_names = {"every", "one", "one_a_key"};  // in the order of SaveMode
static_assert(save_mode_names.size() == static_cast<std::size_t>(SaveMode::one_a_key) + 1);

struct SaveOperation {
    Wires wires;
    std::shared_ptr<const std::vector<std::int64_t>> payload;  // kind, index, per-shot word, mode, arguments

    Saved kind() const { return static_cast<Saved>((*payload)[0]); }
    std::int64_t index() const { return (*payload)[1]; }
    // The variable word that holds, for each shot, its last record; -1: none does.
    std::int64_t shot_word() const { return (*payload)[2]; }
    SaveMode mode() const { return static_cast<SaveMode>((*payload)[3]); }
    // Amplitudes: indices, of which a negative one in a planned program stands for no basis state that can be there.
    // Expectations: the number of sums; for each the number of terms; for each the masks of the wires with X or Y and
    // with Z or Y, and the bits of the coefficient. An index or mask takes mask_words(wires) words, the lowest first.
    // Others in a planned program that leaves out wires of theirs: see SaveFrame.
    std::span<const std::int64_t> arguments() const { return std::span(*payload).subspan(4); }
};
constexpr std::size_t mask_words(std::size_t wires) { return wires == 0 ? 1 : (wires + 63) / 64; }

// Where a planned program saves less than was asked for, because the state of the other wires is known: the places
// that its wires have among those that were given, and the places of the wires left out that are one.
struct SaveFrame {
    std::int64_t save;  // its index
    std::vector<std::int64_t> places;
    std::vector<std::int64_t> ones;
    bool operator==(const SaveFrame&) const = default;
};

using Operation =
    std::variant<GateOperation, UnitaryOperation, DiagonalOperation, MultiplexerOperation, PauliRotationOperation,
                 PermutationOperation, InitializeOperation, ResetOperation, MeasureOperation, GlobalPhaseOperation,
                 ComputeOperation, BranchOperation, JumpOperation, SaveOperation>;

// The row of a gate; the second is null for all other operations.
inline const GateFacts& facts_of(const GateOperation& gate) {
    return gate_table()[static_cast<std::size_t>(gate.gate)];
}
const GateFacts* gate_row_of(const Operation& operation);
// Of the gate or instruction.
std::string_view name_of(const Operation& operation);
// Null for operations without wires.
const Wires* wires_of(const Operation& operation);

// True for reset, measure and initialize: they end a straight-line stretch of the program.
bool is_collapse(const Operation& operation);

// True for compute, branch and jump: they touch no qubit.
bool is_classical(const Operation& operation);

// True for all that has actions (program/action.hpp): no collapse, nothing classical, no save.
bool is_unitary(const Operation& operation);

}  // namespace ketjet
