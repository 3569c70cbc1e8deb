// ketjet._core: the compiled engine as Python sees it.
#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "The compiled engine of ketjet. Only ketjet.engine imports it.";
    ketjet::bindings::bind_machine(m);
    ketjet::bindings::bind_program(m);
    ketjet::bindings::bind_plan(m);
    ketjet::bindings::bind_run(m);
    ketjet::bindings::bind_gradient(m);
    ketjet::bindings::bind_state(m);
    ketjet::bindings::bind_texts(m);
}
