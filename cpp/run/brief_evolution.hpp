// A program that evolves small states again and again, each time sooner than another thread would be woken: its sweeps
// are kept as they were emitted.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "exec/ready_sweeps.hpp"

namespace ketjet {

// One at a time may use it.
template <class T>
class BriefEvolution {
 public:
    // Of a plan that is brief.
    BriefEvolution(std::shared_ptr<const Plan> plan, const KernelTable& kernels);
    // Plans a program for states of which these qubits are known to be |0>; null where that is not brief.
    static std::unique_ptr<BriefEvolution> of(const Program& program, const Machine& machine, Index fresh,
                                              const KernelTable& kernels, int threads);

    // Whether a plan goes straight through its sweeps, is predicted to take less time than anybody would want to be
    // able to end, and to gain no more from so many threads of a worker than by having its sweeps ready.
    static bool is_brief(const Plan& plan, int threads);

    // Whether it is for states of which these qubits are known to be |0>, and for this machine.
    bool is_for(Index fresh, const Machine& machine, const KernelTable& kernels) const;
    // What it is predicted to take with these angles: less if they are those of the last run.
    double seconds(std::span<const double> slots) const { return sweeps_.have(slots) ? ready_seconds_ : seconds_; }
    // Whether it takes so little memory that it is worth keeping.
    bool is_small() const;

    // Applies the program with these angles to such a state. The counters tell of it when it has ended.
    void run(std::span<const double> slots, StateVector<T>& state, RunCounters& counters);

 private:
    ReadySweeps<T> sweeps_;
    double seconds_;
    double ready_seconds_;  // when the sweeps need not be emitted
};

// Those of one program, by what is known of the state before. Calls come one at a time.
template <class T>
class BriefEvolutions {
 public:
    // Takes out the one for states of which these qubits are known to be |0>; null if there is none.
    std::unique_ptr<BriefEvolution<T>> take(Index fresh, const Machine& machine, const KernelTable& kernels);
    // Keeps it for the next call, if it is small.
    void give(std::unique_ptr<BriefEvolution<T>> evolution);

 private:
    std::vector<std::unique_ptr<BriefEvolution<T>>> kept_;  // the last one is the one used last
};

}  // namespace ketjet
