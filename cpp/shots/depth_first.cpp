#include "shots/depth_first.hpp"

#include <utility>

#include "exec/copy_state.hpp"

namespace ketjet {

template <class T>
DepthFirst<T>::DepthFirst(const Walker<T>& walker, TreeStates<T>& states, bool keeps_first, Trajectory<T>& first,
                          const RunContext& context)
    : walker_(walker), states_(states) {
    states_.revive(first, context);
    if (!keeps_first) return;
    root_.state = states_.force();
    copy_state(*first.state, *root_.state, context);
    root_.stage = first.stage;
    root_.collapses_done = first.collapses_done;
    root_.steps = first.steps;
    root_.phase = first.phase;
    first.path.clear();
}

template <class T>
DepthFirst<T>::~DepthFirst() {
    states_.give_up(spare_);
    states_.give_up(root_.state);
}

template <class T>
typename DepthFirst<T>::State DepthFirst<T>::copy_of(const StateVector<T>& state, const RunContext& context) {
    State copy = find_memory();
    if (copy != nullptr) copy_state(state, *copy, context);
    return copy;
}

template <class T>
Trajectory<T> DepthFirst<T>::next(const RunContext& context) {
    for (auto each = stack_.begin(); each != stack_.end() - 1 && states_.are_too_many(); ++each) {
        states_.give_up(each->state);
    }
    Trajectory<T> trajectory = std::move(stack_.back());
    stack_.pop_back();
    if (trajectory.state != nullptr) return trajectory;
    Trajectory<T> origin{find_memory(), Shots(0), root_.stage, root_.collapses_done, root_.steps, {}, 0, root_.phase};
    if (origin.state == nullptr) origin.state = states_.force();
    if (root_.state != nullptr) copy_state(*root_.state, *origin.state, context);
    walker_.replay(trajectory, std::move(origin), context);
    return trajectory;
}

template <class T>
void DepthFirst<T>::reuse(State state) {
    if (state == nullptr) return;
    if (states_.are_too_many()) return states_.give_up(state);
    states_.give_up(spare_);
    spare_ = std::move(state);
}

template <class T>
typename DepthFirst<T>::State DepthFirst<T>::find_memory() {
    if (spare_ != nullptr) return std::move(spare_);
    if (State state = states_.take()) return state;
    for (Trajectory<T>& waiting : stack_) {
        if (waiting.state != nullptr) return std::move(waiting.state);
    }
    return nullptr;
}

template class DepthFirst<float>;
template class DepthFirst<double>;

}  // namespace ketjet
