// One function per noun; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace ketjet::bindings {

void bind_machine(pybind11::module_& m);
void bind_program(pybind11::module_& m);
void bind_plan(pybind11::module_& m);
void bind_run(pybind11::module_& m);
void bind_gradient(pybind11::module_& m);
void bind_state(pybind11::module_& m);
void bind_texts(pybind11::module_& m);

}  // namespace ketjet::bindings
