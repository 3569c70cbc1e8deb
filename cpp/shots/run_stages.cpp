#include "shots/run_stages.hpp"

#include <memory>
#include <utility>

#include "shots/walker.hpp"

namespace ketjet {

template <class T>
std::vector<std::uint64_t> run_stages(const BoundPlan& bound, StateVector<T>& state, const PhiloxKey& key,
                                      const BesideState& beside, const RunContext& context, std::size_t first) {
    const RunRequest request{1, key};
    SaveStore saves;
    const Walker<T> walker(bound, request, kernels_of<T>(context.kernels), saves);
    Trajectory<T> trajectory{std::make_unique<StateVector<T>>(std::move(state)),
                             Shots(bound.program.memory_words(), {1, 0})};
    trajectory.beside = beside;
    trajectory.stage = static_cast<std::uint32_t>(first);
    NoBranching<T> no_branching;
    try {
        while (walker.advance(trajectory, no_branching, false, context)) {
        }
    } catch (...) {
        state = std::move(*trajectory.state);
        throw;
    }
    state = std::move(*trajectory.state);
    const auto memory = trajectory.shots.memory_of(0);
    return {memory.begin(), memory.end()};
}

#define KETJET_INSTANTIATE(T)                                                                              \
    template std::vector<std::uint64_t> run_stages<T>(const BoundPlan&, StateVector<T>&, const PhiloxKey&, \
                                                      const BesideState&, const RunContext&, std::size_t);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
