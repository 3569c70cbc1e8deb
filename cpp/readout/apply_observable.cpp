#include "readout/apply_observable.hpp"

#include <vector>

#include "exec/apply_strings.hpp"

namespace ketjet {

template <class T>
void apply_observable(const ObservableSet& observables, std::size_t k, const StateVector<T>& state,
                      StateVector<T>& result, std::int64_t work, const RunContext& context) {
    const std::vector<double> coefficients = observables.by_string(k);
    std::vector<std::uint32_t> applied;
    for (std::uint32_t string = 0; string < coefficients.size(); ++string) {
        if (coefficients[string] != 0) applied.push_back(string);
    }
    apply_strings<T>({observables.strings(), coefficients, applied}, state, result, work, context);
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template void apply_observable<T>(const ObservableSet&, std::size_t, const StateVector<T>&, StateVector<T>&, \
                                      std::int64_t, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
