// Between std::vector and NumPy: copies in, ownership out.
#pragma once

#include <pybind11/numpy.h>

#include <memory>
#include <utility>
#include <vector>

namespace ketjet::bindings {

namespace py = pybind11;

template <class T>
using InputArray = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <class T>
std::vector<T> to_vector(const InputArray<T>& array) {
    return std::vector<T>(array.data(), array.data() + array.size());
}

// A NumPy array of the given shape that takes over the vector's memory.
template <class T>
py::array_t<T> to_array(std::vector<T> values, std::vector<py::ssize_t> shape) {
    auto owned = std::make_unique<std::vector<T>>(std::move(values));
    T* const data = owned->data();
    const py::capsule owner(owned.release(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
    return py::array_t<T>(std::move(shape), data, owner);
}
template <class T>
py::array_t<T> to_array(std::vector<T> values) {
    const auto size = static_cast<py::ssize_t>(values.size());
    return to_array(std::move(values), {size});
}

}  // namespace ketjet::bindings
