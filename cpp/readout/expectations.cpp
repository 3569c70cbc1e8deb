#include "readout/expectations.hpp"

#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "exec/read_strings.hpp"

namespace ketjet {

void check_support(const ObservableSet& observables, int num_qubits) {
    if ((observables.support() & ~low_bits(num_qubits)) == 0) return;
    throw std::invalid_argument("an observable acts on a qubit that the state does not have");
}

SavesVector<double> expectations(const ObservableSet& observables, std::span<const double> values) {
    SavesVector<double> result;
    for (std::size_t k = 0; k < observables.size(); ++k) result.push_back(observables.value(k, values));
    return result;
}

SavesVector<double> expectations(const ObservableSet& observables, std::span<const ExactSum> sums) {
    std::vector<double> values;
    for (const ExactSum& sum : sums) values.push_back(sum.value());
    return expectations(observables, std::span<const double>(values));
}

template <class T>
SavesVector<double> expectations(const ObservableSet& observables, const StateVector<T>& state,
                                 const RunContext& context) {
    check_support(observables, state.num_qubits());
    const std::span<const PauliString> strings = observables.strings();
    std::vector<std::uint32_t> read(strings.size());
    std::iota(read.begin(), read.end(), std::uint32_t{0});
    std::vector<ExactSum> sums(strings.size());
    constexpr Precision precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
    const std::vector<ReadSweep> sweeps =
        plan_readings(strings, read, context.machine, precision, state.stored_qubits());
    read_strings<T>(strings, sweeps, {}, state, sums, context);
    return expectations(observables, std::span<const ExactSum>(sums));
}

template SavesVector<double> expectations<float>(const ObservableSet&, const StateVector<float>&, const RunContext&);
template SavesVector<double> expectations<double>(const ObservableSet&, const StateVector<double>&, const RunContext&);

}  // namespace ketjet
