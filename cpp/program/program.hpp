// A Program: what a circuit means, with nothing of Qiskit left. A flat list of operations over numbered qubits and
// classical bits, control flow being jumps in it; angles are slots, so new values are bound without lowering again.
// Immutable but for its slots; operations and payloads are shared between copies, so a rebound copy is cheap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bits.hpp"
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
    std::shared_ptr<const std::vector<std::int64_t>> paulis;  // per target: 0 I, 1 X, 2 Y, 3 Z
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
enum class SaveMode : std::int64_t {
    every,      // all records are kept
    one,        // one in all
    one_a_key,  // one for each value of the classical bits
};
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

// The row of a gate; null for all other operations.
const GateFacts* gate_row_of(const Operation& operation);
// Null for operations without wires.
const Wires* wires_of(const Operation& operation);

// The instructions that are not rows of gate_table(). An operation's code is its gate row, or
// gate_table().size() + this.
enum class Instruction : std::int32_t {
    unitary,
    diagonal,
    multiplexer,
    pauli_rotation,
    permutation,
    initialize,
    reset,
    measure,
    global_phase,
    compute,
    branch,
    jump,
    save
};
std::span<const std::string_view> instruction_names();  // in the order of Instruction

using Payload = std::variant<std::vector<Complex>, std::vector<std::int64_t>>;

// The exchange format with Python and with other processes: one row per operation in parallel arrays.
struct PackedProgram {
    std::int32_t num_qubits = 0;
    std::int32_t num_clbits = 0;
    std::vector<std::int32_t> codes;           // N
    std::vector<std::uint32_t> wire_begin;     // N + 1 offsets into wires
    std::vector<std::int32_t> wires;           // controls, then targets
    std::vector<std::uint16_t> num_controls;   // N, including the controls of the gate row itself
    std::vector<std::uint64_t> control_state;  // N, bit i for control i
    std::vector<std::uint32_t> slot_begin;     // N + 1 offsets into slots
    std::vector<double> slots;
    std::vector<std::int64_t> operand;  // N: measure: clbit; jump: target; with payload: index into payloads; else -1
    std::vector<std::shared_ptr<const Payload>> payloads;
    std::int32_t variable_words = 0;  // of classical memory behind the classical bits
    std::vector<std::string> labels;  // names that classical code refers to in messages

    bool operator==(const PackedProgram& other) const;  // payloads by their contents
};

class Program {
 public:
    // Checks everything an engine relies on, unitarity excepted; throws std::invalid_argument naming the operation
    // index.
    explicit Program(PackedProgram packed);

    int num_qubits() const;
    int num_clbits() const;
    // Classical memory is an array of 64-bit words, all zero at first: the classical bits, then variables.
    int clbit_words() const { return std::max(1, (num_clbits() + 63) / 64); }
    int memory_words() const;
    std::span<const std::string> labels() const;
    std::span<const Operation> operations() const;
    std::span<const double> slots() const { return slots_; }

    std::span<const std::int32_t> wires() const;  // of all operations
    std::span<const std::int32_t> controls(const Wires& wires) const;
    std::span<const std::int32_t> targets(const Wires& wires) const;

    // The same operations with new slot values; throws std::invalid_argument on a wrong length or non-finite value.
    Program with_slots(std::vector<double> slots) const;

    // The packed form this program was made from, with the present slots; throws std::logic_error if it was made by
    // with_operations.
    PackedProgram packed() const;

    // The packed form that this program, or the one that it was rewritten from, was made from; without slots.
    const PackedProgram& source() const;
    bool is_rewritten() const;

    // Whether the two differ in nothing but slot values.
    bool same_structure(const Program& other) const;

    // A program of other operations on so many qubits over the same slots; `wires` is what their Wires refer to. It
    // has no packed form.
    Program with_operations(std::vector<Operation> operations, std::vector<std::int32_t> wires, int num_qubits) const;

    // A hash of operations, payloads and slots, equal on every machine; keys the random numbers of a circuit.
    std::uint64_t fingerprint() const;

 private:
    struct Body;
    Program(std::shared_ptr<const Body> body, std::vector<double> slots);

    std::shared_ptr<const Body> body_;
    std::vector<double> slots_;
};

}  // namespace ketjet
