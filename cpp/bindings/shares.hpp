// What ranks do together with their shares of a state.
#pragma once

#include "bindings/held_state.hpp"

namespace ketjet::bindings {

template <class T>
void bind_share(py::class_<HeldState<T>>& state);

}  // namespace ketjet::bindings
