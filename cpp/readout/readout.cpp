#include "readout/readout.hpp"

#include <cstddef>
#include <span>

#include "readout/expectations.hpp"
#include "readout/probabilities.hpp"
#include "readout/variances.hpp"

namespace ketjet {

namespace {

template <class T>
struct Reader {
    const StateVector<T>& state;
    const RunContext& context;

    SavesVector<double> operator()(const ObservablesReadout& readout) const {
        return readout.of_values(expectations(*readout.observables, state, context));
    }
    SavesVector<double> operator()(const VariancesReadout& readout) const {
        return variances(*readout.observables, state, context);
    }
    SavesVector<double> operator()(const ProbabilitiesReadout& readout) const {
        return marginal_probabilities(state, readout.qubits, context);
    }
};

}  // namespace

SavesVector<double> ObservablesReadout::of_values(SavesVector<double> values) const {
    const std::size_t count = squares ? values.size() : 0;
    for (std::size_t k = 0; k < count; ++k) values.push_back(values[k] * values[k]);
    return values;
}

std::vector<PauliString> strings_of(const std::vector<Readout>& readouts, int num_qubits) {
    std::vector<PauliString> strings;
    for (const Readout& readout : readouts) {
        const auto* const of_observables = std::get_if<ObservablesReadout>(&readout);
        if (of_observables == nullptr) continue;
        check_support(*of_observables->observables, num_qubits);
        const std::span<const PauliString> own = of_observables->observables->strings();
        strings.insert(strings.end(), own.begin(), own.end());
    }
    return strings;
}

template <class T>
SavesVector<double> read_state(const Readout& readout, const StateVector<T>& state, const RunContext& context) {
    return std::visit(Reader<T>{state, context}, readout);
}

template <class T>
void ReadoutSums::add(const std::vector<Readout>& readouts, const StateVector<T>& state, double weight,
                      const RunContext& context) {
    ReadoutSums found;
    found.weight_ = weight;
    for (const Readout& readout : readouts) {
        found.sums_.push_back(read_state(readout, state, context));
        for (double& value : found.sums_.back()) value *= weight;
    }
    add(found);
}

void ReadoutSums::add(const ReadoutSums& other) {
    if (sums_.empty()) {
        *this = other;
        return;
    }
    weight_ += other.weight_;
    for (std::size_t readout = 0; readout < other.sums_.size(); ++readout) {
        for (std::size_t i = 0; i < sums_[readout].size(); ++i) sums_[readout][i] += other.sums_[readout][i];
    }
}

std::vector<SavesVector<double>> ReadoutSums::averages() const {
    std::vector<SavesVector<double>> result = sums_;
    for (SavesVector<double>& values : result) {
        for (double& value : values) value /= weight_;
    }
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                             \
    template SavesVector<double> read_state<T>(const Readout&, const StateVector<T>&, const RunContext&); \
    template void ReadoutSums::add<T>(const std::vector<Readout>&, const StateVector<T>&, double, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
