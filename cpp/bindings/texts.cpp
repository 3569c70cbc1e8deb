// Outcomes as Python users read them: bit strings, and dictionaries of them.
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"

namespace ketjet::bindings {

namespace {

constexpr py::ssize_t rows_at_once = 4096;

// Writes keys as bit strings, the highest classical bit first, with a space between registers.
class BitStrings {
 public:
    // The registers' sizes, the one of the lowest bits first.
    BitStrings(const InputArray<std::uint64_t>& keys, const std::vector<int>& sizes) : keys_(keys) {
        if (keys.ndim() != 2) throw std::invalid_argument("keys are rows of words");
        int bit = 0;
        for (const int& size : sizes) {
            if (size < 0) throw std::invalid_argument("a register has at least no bits");
            if (&size != sizes.data()) bits_.push_back(space);
            for (const int end = bit + size; bit < end; ++bit) bits_.push_back(bit);
        }
        num_bits_ = bit;
        if (bit > 64 * keys.shape(1)) throw std::invalid_argument("the registers have more bits than the keys");
    }

    py::ssize_t rows() const { return keys_.shape(0); }
    int bits() const { return num_bits_; }
    std::uint64_t first_word(py::ssize_t row) const { return keys_.shape(1) > 0 ? *keys_.data(row, 0) : 0; }

    py::str operator()(py::ssize_t row) const {
        const auto length = static_cast<py::ssize_t>(bits_.size());
        py::str text = py::reinterpret_steal<py::str>(PyUnicode_New(length, 127));
        if (!text) throw py::error_already_set();
        const std::uint64_t* const words = keys_.data(row, 0);
        Py_UCS1* end = PyUnicode_1BYTE_DATA(text.ptr()) + length;
        for (const int bit : bits_) {
            *--end = bit == space ? ' ' : static_cast<Py_UCS1>('0' + (words[bit / 64] >> (bit % 64) & 1));
        }
        return text;
    }

 private:
    static constexpr int space = -1;

    const InputArray<std::uint64_t>& keys_;
    int num_bits_ = 0;
    std::vector<int> bits_;  // from the last character to the first
};

py::list bit_strings(const InputArray<std::uint64_t>& keys, const std::vector<int>& sizes) {
    const BitStrings strings(keys, sizes);
    py::list list(strings.rows());
    for (py::ssize_t row = 0; row < strings.rows(); ++row) {
        if (row % rows_at_once == 0) let_others_run();
        list[static_cast<std::size_t>(row)] = strings(row);
    }
    return list;
}

// Bit strings of keys of few bits, of which many are equal: each is written once.
class SharedStrings {
 public:
    explicit SharedStrings(const BitStrings& strings)
        : strings_(strings), made_(strings.bits() <= max_bits ? std::size_t{1} << strings.bits() : 0) {}

    py::str operator()(py::ssize_t row) {
        if (made_.empty()) return strings_(row);
        py::object& text = made_[strings_.first_word(row) & (made_.size() - 1)];
        if (!text) text = strings_(row);
        return py::reinterpret_borrow<py::str>(text);
    }

 private:
    static constexpr int max_bits = 12;

    const BitStrings& strings_;
    std::vector<py::object> made_;
};

void fill_counts(const std::vector<py::dict>& made, const std::vector<py::ssize_t>& begins,
                 const InputArray<std::uint64_t>& keys, const InputArray<std::int64_t>& counts,
                 const std::vector<int>& sizes) {
    const BitStrings strings(keys, sizes);
    if (counts.size() != strings.rows()) throw std::invalid_argument("every key has a count");
    if (begins.size() != made.size() + 1 || begins.front() != 0 || begins.back() != strings.rows() ||
        !std::ranges::is_sorted(begins)) {
        throw std::invalid_argument("the dictionaries share out the rows");
    }
    const auto fill = [&](auto&& text_of) {
        for (std::size_t i = 0; i < made.size(); ++i) {
            for (py::ssize_t row = begins[i]; row < begins[i + 1]; ++row) {
                if (row % rows_at_once == 0) let_others_run();
                const py::int_ count(counts.data()[row]);
                if (PyDict_SetItem(made[i].ptr(), text_of(row).ptr(), count.ptr()) != 0) {
                    throw py::error_already_set();
                }
            }
        }
    };
    if (made.size() == 1) {
        fill(strings);
    } else {
        fill(SharedStrings(strings));
    }
}

}  // namespace

void bind_texts(py::module_& m) {
    m.def(
        "bit_strings", &bit_strings, py::arg("keys"), py::arg("sizes"),
        "Keys, rows of 64-bit words, as bit strings: the highest bit first, a space between registers of these sizes.");
    m.def("fill_counts", &fill_counts, py::arg("made"), py::arg("begins"), py::arg("keys"), py::arg("counts"),
          py::arg("sizes"),
          "Puts counts into dictionaries, by the bit strings of their keys; where the rows of each begin is given.");
}

}  // namespace ketjet::bindings
