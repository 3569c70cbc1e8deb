// A Plan: the few stages in which a Program is executed. A value: it compares, and prints itself. It refers to
// operations by index and holds no angles, so it stays valid when the Program is rebound to new slot values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/machine.hpp"
#include "plan/request.hpp"
#include "program/program.hpp"

namespace ketjet {

// A matrix on one qubit, or on a pair whose parity it keeps, is after . turn . before, with diagonal outer parts that
// join the phases around it.
enum class Part : std::uint8_t { whole, before, turn, after };

// Operations [begin, end) of the sweep's list, or a part of their product (they are on one qubit or pair then).
struct Term {
    std::uint32_t begin;
    std::uint32_t end;
    Part part;
    bool operator==(const Term&) const = default;
};

// X, Z, CX and SWAP: bookkeeping, no amplitude is touched (but for lanes).
struct Relabel {
    std::vector<Term> terms;
    bool operator==(const Relabel&) const = default;
};
// Rotations of one-qubit planes, then diagonal operations merged into one factored form, for one load and store of
// every vector. One of the two lists may be empty.
struct Layer {
    std::vector<Term> turns;
    std::vector<Term> phases;
    bool operator==(const Layer&) const = default;
};
// All operations of the term multiplied into one matrix on their few qubits.
struct Dense {
    Term term;
    bool operator==(const Dense&) const = default;
};
// One operation by a kernel of its own.
struct Single {
    Term term;
    bool operator==(const Single&) const = default;
};

// What the kernels do with a block for one load and store of its vectors, or none.
struct Pass {
    std::variant<Relabel, Layer, Dense, Single> work;
    double cost_ns = 0;  // predicted per amplitude, on one thread in double precision
    bool operator==(const Pass&) const = default;
};
// "relabel", "dense" or "single"; a layer is called "turns", or "phases" if it turns nothing.
std::string_view name_of(const Pass& pass);
// All terms of a pass, in the order in which they act.
std::vector<Term> terms_of(const Pass& pass);

// One pass over memory: every block of 2^hot.size() amplitudes is gathered, all passes run on it, and it is
// scattered back. `hot` is ascending and begins with the low qubits that make up a contiguous run.
// Qubits outside `active` are |0> before the sweep, and what is stored there is not read: only blocks whose cold
// qubits are active are visited. So a state that starts as |0...0> grows from sweep to sweep.
// As long as all amplitudes are real, the state can be folded along one qubit: a stored number then holds two of them,
// as its real part the one with |0> there, as its imaginary part the one with |1>. The qubit is neither hot nor active
// then. The last folded sweep unfolds: it writes the amplitudes as they are otherwise, and the qubit is active.
struct Sweep {
    static constexpr std::string_view name = "sweep";
    static constexpr bool touches_state = true;
    std::vector<int> hot;
    Index active;
    std::vector<std::uint32_t> operations;
    std::vector<Pass> passes;
    int folded = -1;  // the qubit
    bool unfolds = false;

    // The qubits on which its operations may act non-diagonally.
    Index within_reach() const;
    // The qubits that are active after it.
    Index active_after() const;
    std::span<const std::uint32_t> operations_of(const Term& term) const {
        return std::span(operations).subspan(term.begin, term.end - term.begin);
    }
    bool operator==(const Sweep&) const = default;
};

// A measure, reset or initialize in the middle of the program; `origin` is its index in the original program, and
// numbers its random stream. Initialize on qubits that nothing has touched yet, or on all, is not random.
struct Collapse {
    static constexpr std::string_view name = "collapse";
    static constexpr bool touches_state = true;
    std::uint32_t operation;
    std::uint32_t origin;
    bool random;
    bool clears;  // a measurement after which nobody looks at the qubit: it is left in |0>, whatever the outcome
    bool operator==(const Collapse&) const = default;
};

// Writes what growth has left out: zero wherever a qubit outside `active` is 1, and |0...0> if none is active.
struct Extend {
    static constexpr std::string_view name = "extend";
    static constexpr bool touches_state = true;
    Index active;
    bool operator==(const Extend&) const = default;
};

// Two qubits of a state that is shared out among ranks change places: one that is local with a global one, or two
// global ones.
struct SwappedQubits {
    int first;   // the lower one
    int second;  // a global one
    bool operator==(const SwappedQubits&) const = default;
};
// Ranks exchange amplitudes: the SWAPs of the program from operation `begin` on, which are on different qubits. What
// qubits outside `active` are 1 for is not there before. The lowest qubits, along which vectors of amplitudes lie, are
// active afterwards in any case: zeros are written for those that are |0>.
struct Exchange {
    static constexpr std::string_view name = "exchange";
    static constexpr bool touches_state = true;
    std::uint32_t begin;
    std::vector<SwappedQubits> swaps;
    Index active;

    Index active_after() const;
    bool operator==(const Exchange&) const = default;
};

// Runs classical code.
struct Compute {
    static constexpr std::string_view name = "compute";
    static constexpr bool touches_state = false;
    std::uint32_t operation;
    bool operator==(const Compute&) const = default;
};
// Goes on at stage `target` if the operation's code yields false, else at the next stage.
struct Branch {
    static constexpr std::string_view name = "branch";
    static constexpr bool touches_state = false;
    std::uint32_t operation;
    std::uint32_t target;
    bool operator==(const Branch&) const = default;
};
struct Jump {
    static constexpr std::string_view name = "jump";
    static constexpr bool touches_state = false;
    std::uint32_t operation;
    std::uint32_t target;
    bool operator==(const Jump&) const = default;
};
// Where paths meet: every target is one. Trajectories in the same state are merged here.
struct Join {
    static constexpr std::string_view name = "join";
    static constexpr bool touches_state = false;
    std::uint32_t before;  // this operation, or the end
    bool operator==(const Join&) const = default;
};

// Records something of the state; `origin` numbers it as in Collapse.
struct Save {
    static constexpr std::string_view name = "save";
    static constexpr bool touches_state = true;
    std::uint32_t operation;
    std::uint32_t origin;
    bool operator==(const Save&) const = default;
};

// Each kind has a name, and says whether it reads or writes amplitudes.
using Stage = std::variant<Sweep, Collapse, Extend, Compute, Branch, Jump, Join, Save, Exchange>;
std::string_view name_of(const Stage& stage);
bool is_random(const Stage& stage);
// Whether the stage reads or writes amplitudes.
bool touches_state(const Stage& stage);
bool is_save(const Stage& stage);

// A measurement that is read from the final state: no later operation touches its qubit.
struct FinalMeasurement {
    std::int32_t qubit;
    std::int32_t clbit;
    bool operator==(const FinalMeasurement&) const = default;
};

// A measurement of a qubit that is in the same basis state in every run: no state is needed to read it.
struct KnownRead {
    std::int32_t clbit;
    bool value;
    bool operator==(const KnownRead&) const = default;
};

// How a program is cut into sweeps; the candidates come from plan/block_shapes.
struct BlockShape {
    int block_qubits;  // hot qubits of a sweep, unless one operation alone needs more
    int run_qubits;    // the lowest qubits, always hot: contiguous runs in memory
    // In the choice of hot qubits: what one that is still |0> counts more than another one, and how many times what it
    // costs a diagonal operation counts, on which others wait.
    double fresh_qubit_penalty;
    double diagonal_weight;
    int operations_per_sweep;  // bounds the memory for prepared coefficients
    bool operator==(const BlockShape&) const = default;
};

// How a program came out of `before`: by taking its operations in another order, on other qubits, each of which may
// stand for several one after the other.
struct Reordering {
    static constexpr std::uint32_t added = ~std::uint32_t{0};  // a reset between two qubits in one place
    Program before;
    std::vector<std::uint32_t> order;  // by operation: its index before
};

struct Plan {
    PlanRequest request;  // what it was made for
    Machine machine;
    Program program;   // the operations that stages refer to: with the same slots, but not those of the original
    Program original;  // as it was before planning
    std::vector<std::uint32_t> origins;  // of every operation: its index in the original program; an X that was moved
                                         // has that of the operation whose bit flip it is
    BlockShape shape;
    int num_qubits;    // of the state, which may leave out qubits that no measurement depends on
    int state_qubits;  // of the stored state: at least minimum_state_qubits, the extra ones stay |0>
    std::vector<Stage> stages;
    std::vector<FinalMeasurement> final_measurements;  // in program order: a later one overwrites its clbit
    std::vector<KnownRead> known_reads;                // they come last of all
    std::vector<SaveFrame> save_frames;
    double planning_seconds = 0;                     // how long it took to make, where that was measured
    std::shared_ptr<const Reordering> reordering{};  // of reuse_qubits and share_out; null where they changed nothing
    int global_qubits = 0;                           // of a state that is shared out among ranks: the highest ones
    std::vector<std::int32_t> places{};              // of such a state: where each qubit is in the end

    // The qubit that is in a place of the state in the end.
    int qubit_at(std::int32_t place) const;
    // The qubits of what one rank holds, which are all if the state is not shared out.
    int local_qubits() const { return state_qubits - global_qubits; }

    // The qubits that are not known to be |0> before and after it.
    Index active_before() const;
    Index active_after() const;
    // Equal but for slot values and planning time.
    bool operator==(const Plan& other) const;
    // Whether shots are more than samples of one final state: they differ on the way, or records are made of them.
    bool has_trajectories() const;
    // Whether some collapse is random, so that shots may end in different states.
    bool collapses_at_random() const;
    // The index of a save of one shot only that may come after a random collapse, or -1: another shot has another
    // state.
    std::int64_t arbitrary_save() const;
    bool has_loops() const;  // then nobody knows beforehand how long a run takes
    int num_sweeps() const;
    int num_passes() const;
    std::string to_string() const;
};

// A plan with the angles of one program: all that the engine needs for a run.
struct BoundPlan {
    // `given` has the structure that the plan was made for.
    BoundPlan(std::shared_ptr<const Plan> plan, const Program& given);
    BoundPlan(Plan plan, const Program& given);
    BoundPlan(std::shared_ptr<const Plan> plan, std::span<const double> slots);

    std::shared_ptr<const Plan> plan;
    Program program;  // the plan's own with these angles

    // The one it was made of, with these angles.
    Program original() const;
    const Sweep& sweep(std::size_t stage) const { return std::get<Sweep>(plan->stages[stage]); }
};

// Stages [begin, end) of a plan.
struct StageRange {
    std::size_t begin;
    std::size_t end;
    std::size_t size() const { return end - begin; }
};

// The sweeps that follow each other from this stage on.
StageRange sweeps_from(const Plan& plan, std::size_t stage);

// Every stored state has at least this many qubits, so that one vector register always fits into it.
inline constexpr int minimum_state_qubits = 4;

// No state has more: its basis states are numbered by an Index, with room to spare.
inline constexpr int max_state_qubits = 62;

}  // namespace ketjet
