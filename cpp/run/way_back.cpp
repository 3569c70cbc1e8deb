#include "run/way_back.hpp"

#include <vector>

#include "exec/apply_strings.hpp"
#include "exec/shared_work.hpp"

namespace ketjet {

namespace {

// One observable on the way back: a sum that the first sweep applies, and one that needs blocks which face each other.
class UndoneObservable {
 public:
    UndoneObservable(const ObservableSet& observables, std::size_t k, const Mirror& mirror)
        : strings_(observables.strings()), coefficients_(observables.by_string(k)) {
        const Sweep& first = mirror.sweeps.front();
        const Index hot = mask_of(first.hot), reached = hot | first.active;
        for (std::uint32_t string = 0; string < strings_.size(); ++string) {
            const Index x = strings_[string].x;
            if (coefficients_[string] == 0 || (x & ~reached) != 0) continue;  // or it leads to where no bra is read
            ((x & ~hot) == 0 ? within_ : across_).push_back(string);
        }
    }

    Application within() const { return {strings_, coefficients_, within_}; }
    Application across() const { return {strings_, coefficients_, across_}; }

 private:
    std::span<const PauliString> strings_;
    std::vector<double> coefficients_;
    std::vector<std::uint32_t> within_, across_;
};

}  // namespace

template <class T>
void go_back(const BoundPlan& bound, const Mirror& mirror, const UndoneObservables& undone, StateVector<T>& state,
             std::span<StateVector<T>> applied, const MirrorOutcome& outcome, const RunContext& context) {
    std::vector<UndoneObservable> observables;
    for (std::size_t k = 0; k < outcome.overlaps.size(); ++k) {
        observables.emplace_back(undone.observables, undone.first + k, mirror);
    }
    std::vector<MirroredBra<T>> bras;
    for (std::size_t k = 0; k < observables.size(); ++k) {
        const Application across = observables[k].across();
        const bool blank = across.applied.empty();
        if (blank) {
            SharedWork(context.stop, undone.work, 1).part_is_done();
        } else {
            apply_strings(across, state, applied[k], undone.work, context);
        }
        bras.push_back({&applied[k], observables[k].within(), blank});
    }
    run_mirror<T>(bound.program, mirror, state, bras, bound.plan->stages.size(), outcome, context);
}

#define KETJET_INSTANTIATE(T)                                                                            \
    template void go_back<T>(const BoundPlan&, const Mirror&, const UndoneObservables&, StateVector<T>&, \
                             std::span<StateVector<T>>, const MirrorOutcome&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
