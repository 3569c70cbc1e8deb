// A report on a plan in columns, one array for each member of all its operations, stages or passes: made without the
// GIL, and given to Python as a few arrays instead of many objects.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/arrays.hpp"
#include "plan/report.hpp"

namespace ketjet::bindings {

// Lists of any lengths, one after the other: list i is values[begin[i]] up to values[begin[i + 1]].
template <class T>
struct Lists {
    std::vector<std::int64_t> begin{0};
    std::vector<T> values;

    template <class Range, class Of = std::identity>
    void add(const Range& list, Of of = {}) {
        for (const auto& item : list) values.push_back(static_cast<T>(of(item)));
        begin.push_back(static_cast<std::int64_t>(values.size()));
    }
    py::tuple arrays() { return py::make_tuple(to_array(std::move(begin)), to_array(std::move(values))); }
};

// Texts, each once, by number.
class Texts {
 public:
    std::int32_t number_of(std::string_view text) {
        const auto [found, is_new] = numbers_.emplace(text, static_cast<std::int32_t>(texts_.size()));
        if (is_new) texts_.emplace_back(text);
        return found->second;
    }
    py::tuple tuple() const {
        py::tuple made(texts_.size());
        for (std::size_t i = 0; i < texts_.size(); ++i) made[i] = py::str(texts_[i]);
        return made;
    }

 private:
    std::map<std::string, std::int32_t, std::less<>> numbers_;
    std::vector<std::string> texts_;
};

class ReportColumns {
 public:
    explicit ReportColumns(const PlanReport& report);

    // (texts, columns of operations, of stages, of passes, how many operations were left out); takes the columns.
    py::tuple tuple();

 private:
    void add(const StageReport& stage);
    void add(const PassReport& pass);

    Texts texts_;
    std::vector<std::int32_t> operation_names_;
    Lists<std::int32_t> operation_qubits_;
    std::vector<std::int32_t> stage_kinds_, stage_reasons_, folded_;
    Lists<std::int32_t> hot_, active_, missing_, swaps_;  // of swaps, first and second by turns
    Lists<std::int64_t> stage_operations_;
    std::vector<std::int64_t> bytes_moved_, targets_, passes_end_;
    std::vector<double> amplitudes_, stage_fma_, seconds_;
    std::vector<std::int32_t> pass_kinds_, kernels_, pass_reasons_;
    Lists<std::int64_t> pass_operations_;
    Lists<std::int32_t> parts_, pass_qubits_;
    std::vector<double> ns_per_amplitude_, pass_fma_;
    std::size_t left_out_;
};

}  // namespace ketjet::bindings
