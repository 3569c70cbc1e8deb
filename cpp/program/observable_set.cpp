#include "program/observable_set.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

namespace ketjet {

namespace {

auto key_of(const PauliString& string) {
    return std::tuple(string.x, string.z, string.condition.mask, string.condition.value);
}

void check_strings(std::span<const PauliString> strings) {
    for (std::size_t k = 0; k < strings.size(); ++k) {
        const auto& [x, z, condition] = strings[k];
        const std::string which = "string " + std::to_string(k);
        if (((x | z) & condition.mask) != 0)
            throw std::invalid_argument(which + " has a Pauli where it has a projector");
        if ((condition.value & ~condition.mask) != 0)
            throw std::invalid_argument(which + " has a value outside its mask");
    }
}

void check_rows(const SparseRows& rows, std::size_t strings) {
    const bool fit = !rows.begins.empty() && rows.begins.front() == 0 && std::ranges::is_sorted(rows.begins) &&
                     rows.begins.back() == rows.columns.size() && rows.columns.size() == rows.coefficients.size();
    if (!fit) throw std::invalid_argument("the rows of observables do not fit together");
    if (std::ranges::any_of(rows.columns, [&](std::uint32_t column) { return column >= strings; })) {
        throw std::invalid_argument("an observable has a string that is not there");
    }
}

}  // namespace

ObservableSet::ObservableSet(std::vector<PauliString> strings, SparseRows rows) : rows_(std::move(rows)) {
    check_strings(strings);
    check_rows(rows_, strings.size());
    std::vector<std::uint32_t> order(strings.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::ranges::sort(order, {}, [&](std::uint32_t k) { return key_of(strings[k]); });
    std::vector<std::uint32_t> place(strings.size());
    for (const std::uint32_t k : order) {
        if (strings_.empty() || strings_.back() != strings[k]) strings_.push_back(strings[k]);
        place[k] = static_cast<std::uint32_t>(strings_.size() - 1);
    }
    for (std::uint32_t& column : rows_.columns) column = place[column];
}

Index ObservableSet::support() const {
    Index qubits = 0;
    for (const PauliString& string : strings_) qubits |= string.x | string.z | string.condition.mask;
    return qubits;
}

std::vector<double> ObservableSet::by_string(std::size_t observable) const {
    std::vector<double> sums(strings_.size());
    const auto strings = columns(observable);
    for (std::size_t i = 0; i < strings.size(); ++i) sums[strings[i]] += coefficients(observable)[i];
    return sums;
}

double ObservableSet::value(std::size_t observable, std::span<const double> string_values) const {
    const std::span columns = this->columns(observable);
    const std::span coefficients = this->coefficients(observable);
    double sum = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) sum += coefficients[i] * string_values[columns[i]];
    return sum;
}

}  // namespace ketjet
