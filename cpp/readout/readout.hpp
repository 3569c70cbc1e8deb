// What is read from the state that a run ends in, beside the outcomes of its measurements. Readouts belong to the
// request of a run and never to its program, so asking for one changes no sample.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "program/observable_set.hpp"

namespace ketjet {

// The expectation values of observables, a number each, and behind them, where they are wanted, their squares.
struct ObservablesReadout {
    std::shared_ptr<const ObservableSet> observables;
    bool squares = false;

    SavesVector<double> of_values(SavesVector<double> values) const;
};

// How far measurements of observables scatter, three numbers each: see variances().
struct VariancesReadout {
    std::shared_ptr<const ObservableSet> observables;
};

// The distribution of measuring these qubits, the first of which is the lowest bit of an outcome.
struct ProbabilitiesReadout {
    std::vector<int> qubits;
};

using Readout = std::variant<ObservablesReadout, VariancesReadout, ProbabilitiesReadout>;

inline bool is_of_observables(const Readout& readout) { return std::holds_alternative<ObservablesReadout>(readout); }

// The strings of all observables among them, one set after another. Throws as check_support does.
std::vector<PauliString> strings_of(const std::vector<Readout>& readouts, int num_qubits);

template <class T>
SavesVector<double> read_state(const Readout& readout, const StateVector<T>& state, const RunContext& context);

// What readouts give, averaged over the shots of a run, or over the branches of an exact one.
class ReadoutSums {
 public:
    // Adds what these shots find, which have so much weight and are all in this state.
    template <class T>
    void add(const std::vector<Readout>& readouts, const StateVector<T>& state, double weight,
             const RunContext& context);
    void add(const ReadoutSums& other);

    // One list of numbers for each readout; empty if nothing was added.
    std::vector<SavesVector<double>> averages() const;

 private:
    std::vector<SavesVector<double>> sums_;
    double weight_ = 0;
};

}  // namespace ketjet
