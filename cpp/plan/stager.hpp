// Cuts a straight-line stretch of operations into sweeps.
#pragma once

#include <span>
#include <vector>

#include "plan/cost.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// Chooses the hot qubits of each sweep greedily: the qubits that an operation at the front misses are added where they
// let the most work be done per qubit; then single qubits are exchanged while that helps.
class Stager {
 public:
    // Appends to the stages of `plan`, whose other fields are set already; qubits outside `active` are |0> at first.
    // Gives up once the stages are predicted to take longer than `max_seconds` on one thread.
    Stager(std::span<const OperationFacts> facts, Index active, double max_seconds, Plan& plan);

    // Folds the sweeps of the present stretch along a qubit that nothing has touched yet, until unfold(); operations
    // that are added meanwhile keep amplitudes real, or are global phases.
    void fold(int qubit) { folded_ = bit(qubit); }
    void unfold();
    void add(std::uint32_t index);
    // Ends the stretch, whose qubits that nothing has touched stay out of the state.
    void end();
    // Ends the stretch; afterwards every qubit counts as active.
    void flush();
    // Ends the stretch: these qubits, which are of the SWAPs of the program from `begin` on, change places.
    void exchange(std::uint32_t begin, std::vector<SwappedQubits> swaps);
    void append(Stage stage);
    // Predicted, of all stages appended.
    double seconds() const { return seconds_; }
    bool given_up() const { return seconds_ > max_seconds_; }

 private:
    struct Pending {
        std::uint32_t index;
        float weight;
        Index local;
        Index diagonal;
    };
    // What an operation at the front misses, and the scan where it comes to the first operation that misses no more:
    // with these qubits it goes on from there.
    struct Lack {
        Index qubits;
        std::size_t first;
        Index blocked;
        Index blocked_local;
        double work;
    };

    void cut();
    Sweep next_sweep();
    Index choose_hot();
    Index exchange_qubits(Index hot);
    std::size_t scan_end() const;
    // The weight of the operations that could run with these hot qubits.
    double work_with(Index hot) { return work_from({0, first_, 0, 0, 0}, hot); }
    double work_from(const Lack& begin, Index hot);
    // The same; lacks_ receives what operations at the front lack.
    double look_around(Index hot);
    void note_lack(const Lack& lack);
    void take_operations(Index hot, Sweep& sweep);

    std::span<const OperationFacts> facts_;
    Index active_;
    Index folded_ = 0;  // the qubit
    double max_seconds_;
    double seconds_ = 0;
    Plan& plan_;
    std::vector<Pending> pending_;          // those before first_ are done
    std::vector<std::uint32_t> unfolding_;  // operations of the sweep that unfolds: the global phases
    std::size_t first_ = 0;
    Index touched_ = 0;  // by operations of the stretch, every qubit if one of them is on none
    std::vector<Lack> lacks_;
    std::vector<Pending> left_behind_;  // kept for its memory
    std::int64_t budget_;               // of operations looked at
};

}  // namespace ketjet
