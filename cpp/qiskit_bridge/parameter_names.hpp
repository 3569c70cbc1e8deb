// The names of a circuit's parameters. Qiskit's C API shows an angle that is an expression as text alone, and a
// parameter by itself is written as its name; so a name is enough to tell it, unless some expression or number is
// written alike.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ketjet::qiskit_bridge {

class ParameterNames {
 public:
    explicit ParameterNames(const std::vector<std::string>& names) : names_(names) {}

    std::size_t size() const { return names_.size(); }
    // The number of the parameter that is written like this; nothing for what may be an expression.
    std::optional<std::size_t> find(std::string_view written) {
        // Circuits have their parameters in order, more often than not, or the same one several times.
        for (std::size_t number = last_; number < std::min(last_ + 2, size()); ++number) {
            if (names_[number] == written) return is_plain(written) ? std::optional(last_ = number) : std::nullopt;
        }
        if (numbers_.empty()) {
            for (std::size_t number = 0; number < size(); ++number) numbers_.emplace(names_[number], number);
        }
        const auto found = numbers_.find(written);
        if (found == numbers_.end() || !is_plain(written)) return std::nullopt;
        return last_ = found->second;
    }

 private:
    // Whether nothing but a parameter can be written like this. Expressions have other characters, too, and numbers
    // begin with a digit or a sign, but for two.
    static bool is_plain(std::string_view name) {
        constexpr std::string_view signs = "_[]{}$\\";
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        const auto is_in_names = [&](char c) {
            const char lower = static_cast<char>(c | 0x20);
            const bool is_of_a_letter = (lower >= 'a' && lower <= 'z') || static_cast<unsigned char>(c) >= 0x80;
            return is_of_a_letter || is_digit(c) || signs.find(c) != std::string_view::npos;
        };
        return !name.empty() && !is_digit(name.front()) && name != "inf" && name != "NaN" &&
               std::ranges::all_of(name, is_in_names);
    }

    const std::vector<std::string>& names_;
    std::size_t last_ = 0;
    std::unordered_map<std::string_view, std::size_t> numbers_;  // made when it is first needed
};

}  // namespace ketjet::qiskit_bridge
