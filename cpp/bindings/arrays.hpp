// Between std::vector and NumPy: copies in, ownership out.
#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
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

// A vector of fewer bytes is copied into a bytearray, which has the interpreter's memory for small objects: small
// results that stay in the heap would keep what lies between them from being used again, for every run some kilobytes.
inline constexpr std::size_t bytes_worth_taking_over = std::size_t{1} << 16;

// A NumPy array of the given shape that takes over the vector's memory, or a copy of little.
template <class T, class Allocator>
py::array_t<T> to_array(std::vector<T, Allocator> values, std::vector<py::ssize_t> shape) {
    using Values = std::vector<T, Allocator>;
    if (const std::size_t bytes = values.size() * sizeof(T); bytes < bytes_worth_taking_over) {
        const py::bytearray copy(reinterpret_cast<const char*>(values.data()), bytes);
        return py::array_t<T>(std::move(shape), reinterpret_cast<const T*>(PyByteArray_AS_STRING(copy.ptr())), copy);
    }
    auto owned = std::make_unique<Values>(std::move(values));
    T* const data = owned->data();
    const py::capsule owner(owned.release(), [](void* p) { delete static_cast<Values*>(p); });
    return py::array_t<T>(std::move(shape), data, owner);
}
template <class T, class Allocator>
py::array_t<T> to_array(std::vector<T, Allocator> values) {
    const auto size = static_cast<py::ssize_t>(values.size());
    return to_array(std::move(values), {size});
}

}  // namespace ketjet::bindings
