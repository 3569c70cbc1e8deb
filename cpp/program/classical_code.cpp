// The table of classical ops and the checks made from it. A new op is one row here, one enumerator of ClassicalOp and
// one row in classical_interpreter.cpp.
#include "program/classical_code.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "program/counted.hpp"
#include "program/wide_uint.hpp"

namespace ketjet {
namespace {

constexpr std::int64_t max_width = std::int64_t{1} << 20;  // of a value, in bits
constexpr std::size_t max_stack = std::size_t{1} << 16;    // in words

enum class Immediate : std::uint8_t { none, words, width, count, entries, first, flag, label };

enum class ListOf : std::uint8_t {
    nothing,
    values,  // as many words as the product of the immediates
    clbits,  // as many as the last immediate
};

// A number of words: none, one, the value of an immediate or what its value takes as a width.
struct Size {
    enum class Unit : std::uint8_t { none, one, words, bits };
    Unit unit = Unit::none;
    std::size_t immediate = 0;
};
constexpr Size no_words{};
constexpr Size one{Size::Unit::one};
constexpr Size words_0{Size::Unit::words, 0};
constexpr Size words_1{Size::Unit::words, 1};
constexpr Size bits_0{Size::Unit::bits, 0};
constexpr Size bits_1{Size::Unit::bits, 1};
constexpr Size bits_2{Size::Unit::bits, 2};

struct Rule {
    std::string_view name;
    std::array<Immediate, 3> immediates{};
    ListOf list = ListOf::nothing;
    std::array<Size, 2> pops{};
    Size pushes{};
    Size variable{};  // what an immediate `first` is the first word of
};

using enum Immediate;
using enum ListOf;

// name, immediates, list, pops, pushes, variable
constexpr Rule rules[] = {
    {"constant", {words}, values, {}, words_0},
    {"load_bits", {count}, clbits, {}, bits_0},
    {"load_words", {first, words}, nothing, {}, words_1, words_1},

    {"bit_and", {words}, nothing, {words_0, words_0}, words_0},
    {"bit_or", {words}, nothing, {words_0, words_0}, words_0},
    {"bit_xor", {words}, nothing, {words_0, words_0}, words_0},
    {"bit_not", {width}, nothing, {bits_0}, bits_0},
    {"logic_and", {}, nothing, {one, one}, one},
    {"logic_or", {}, nothing, {one, one}, one},
    {"logic_not", {}, nothing, {one}, one},
    {"equal", {words}, nothing, {words_0, words_0}, one},
    {"not_equal", {words}, nothing, {words_0, words_0}, one},
    {"less", {words}, nothing, {words_0, words_0}, one},
    {"less_equal", {words}, nothing, {words_0, words_0}, one},
    {"greater", {words}, nothing, {words_0, words_0}, one},
    {"greater_equal", {words}, nothing, {words_0, words_0}, one},

    {"add", {width}, nothing, {bits_0, bits_0}, bits_0},
    {"sub", {width}, nothing, {bits_0, bits_0}, bits_0},
    {"mul", {width}, nothing, {bits_0, bits_0}, bits_0},
    {"div", {width}, nothing, {bits_0, bits_0}, bits_0},
    {"shift_left", {width, words}, nothing, {bits_0, words_1}, bits_0},
    {"shift_right", {width, words}, nothing, {bits_0, words_1}, bits_0},
    {"index", {width, words}, nothing, {bits_0, words_1}, one},
    {"resize", {words, width}, nothing, {words_0}, bits_1},
    {"truth", {words}, nothing, {words_0}, one},

    {"float_add", {}, nothing, {one, one}, one},
    {"float_sub", {}, nothing, {one, one}, one},
    {"float_mul", {}, nothing, {one, one}, one},
    {"float_div", {}, nothing, {one, one}, one},
    {"float_negate", {}, nothing, {one}, one},
    {"float_equal", {}, nothing, {one, one}, one},
    {"float_not_equal", {}, nothing, {one, one}, one},
    {"float_less", {}, nothing, {one, one}, one},
    {"float_less_equal", {}, nothing, {one, one}, one},
    {"float_greater", {}, nothing, {one, one}, one},
    {"float_greater_equal", {}, nothing, {one, one}, one},
    {"float_truth", {}, nothing, {one}, one},
    {"uint_to_float", {words}, nothing, {words_0}, one},
    {"float_to_uint", {width}, nothing, {one}, bits_0},

    {"select", {words, entries}, values, {one}, words_0},

    {"store_bits", {count}, clbits, {bits_0}, no_words},
    {"store_words", {first, words}, nothing, {words_1}, no_words, words_1},
    {"store_bit_at", {words, count}, clbits, {one, words_0}, no_words},
    {"store_word_bit_at", {words, first, width}, nothing, {one, words_0}, no_words, bits_2},
    {"require", {flag, label}},
    {"set_flag", {flag}},
    {"clear_flag", {flag}},
};
constexpr std::size_t num_ops = std::size(rules);
static_assert(num_ops == static_cast<std::size_t>(ClassicalOp::clear_flag) + 1);

constexpr auto names = [] {
    std::array<std::string_view, num_ops> result;
    for (std::size_t i = 0; i < num_ops; ++i) result[i] = rules[i].name;
    return result;
}();

constexpr std::size_t num_immediates(const Rule& rule) {
    return static_cast<std::size_t>(
        std::ranges::count_if(rule.immediates, [](Immediate kind) { return kind != Immediate::none; }));
}

using Immediates = std::span<const std::int64_t>;

// These two take immediates within their ranges.
std::size_t words_in(const Size& size, Immediates immediates) {
    if (size.unit == Size::Unit::none) return 0;
    if (size.unit == Size::Unit::one) return 1;
    const auto value = static_cast<std::size_t>(immediates[size.immediate]);
    return size.unit == Size::Unit::words ? value : words_for(value);
}

std::size_t list_length(const Rule& rule, Immediates immediates) {
    if (rule.list == ListOf::nothing) return 0;
    if (rule.list == ListOf::clbits) return static_cast<std::size_t>(immediates.back());
    std::size_t product = 1;
    for (const std::int64_t value : immediates) product *= static_cast<std::size_t>(value);
    return product;
}

[[noreturn]] void reject(const std::string& message) {
    throw std::invalid_argument("invalid classical code: " + message);
}

// Reads the ops one after the other; each step checks its part of the present op and throws on the first fault.
class CodeChecker {
 public:
    CodeChecker(std::span<const std::int64_t> code, int num_clbits, int variable_words, std::size_t num_labels)
        : code_(code), num_clbits_(num_clbits), variable_words_(variable_words), num_labels_(num_labels) {}

    // The depth of the stack at the end.
    std::size_t check() {
        while (position_ < code_.size()) position_ += op();
        return depth_;
    }

 private:
    [[noreturn]] void fail(const std::string& message) const {
        reject("word " + std::to_string(position_) + " (" + std::string(rule_->name) + "): " + message);
    }

    // Checks the op at position_; returns how many words it takes.
    std::size_t op() {
        const std::int64_t op = code_[position_];
        if (op < 0 || static_cast<std::size_t>(op) >= num_ops) {
            reject("word " + std::to_string(position_) + ": op " + std::to_string(op) + " is unknown; ops are 0 to " +
                   std::to_string(num_ops - 1));
        }
        rule_ = &rules[op];
        const auto rest = code_.subspan(position_ + 1);
        const std::size_t fixed = num_immediates(*rule_);
        check_present(fixed, rest.size(), "immediate");
        const Immediates immediates = rest.first(fixed);
        for (std::size_t i = 0; i < fixed; ++i) check_immediate(rule_->immediates[i], immediates[i]);
        check_variable(immediates);
        const std::size_t length = list_length(*rule_, immediates);
        check_present(length, rest.size() - fixed, rule_->list == ListOf::clbits ? "clbit" : "listed word");
        if (rule_->list == ListOf::clbits) check_clbits(rest.subspan(fixed, length));
        check_stack(immediates);
        return 1 + fixed + length;
    }

    void check_present(std::size_t needed, std::size_t present, const std::string& noun) const {
        if (needed > present) {
            fail("needs " + counted(needed, noun) + ", but the code ends after " + std::to_string(present) +
                 "; append the rest");
        }
    }

    void check_range(const char* name, std::int64_t value, std::int64_t min, std::int64_t max,
                     const char* owned) const {
        if (value >= min && value <= max) return;
        const std::string fault = std::string(name) + " " + std::to_string(value) + " is out of range; ";
        fail(fault + (max < min ? "the program has no " + std::string(owned)
                                : "use " + std::to_string(min) + " to " + std::to_string(max)));
    }

    void check_immediate(Immediate kind, std::int64_t value) const {
        const std::int64_t variable_words = variable_words_;
        switch (kind) {
            case Immediate::none:
                return;
            case Immediate::words:
                return check_range("words", value, 1, max_width / 64, "words");
            case Immediate::width:
                return check_range("width", value, 1, max_width, "bits");
            case Immediate::count:
                return check_range("count", value, 1, max_width, "clbits");
            case Immediate::entries:  // more would not be in the code, and so small their product does not overflow
                return check_range("entries", value, 1, static_cast<std::int64_t>(code_.size()), "entries");
            case Immediate::first:
                return check_range("first", value, 0, variable_words - 1, "variable words");
            case Immediate::flag:
                return check_range("flag", value, 0, 64 * variable_words - 1, "variable words");
            case Immediate::label:
                return check_range("label", value, 0, static_cast<std::int64_t>(num_labels_) - 1, "labels");
        }
    }

    void check_variable(Immediates immediates) const {
        const auto which = std::ranges::find(rule_->immediates, Immediate::first);
        if (which == rule_->immediates.end()) return;
        const auto begin =
            static_cast<std::size_t>(immediates[static_cast<std::size_t>(which - rule_->immediates.begin())]);
        const std::size_t end = begin + words_in(rule_->variable, immediates);
        if (end > static_cast<std::size_t>(variable_words_)) {
            fail("uses variable words " + std::to_string(begin) + " to " + std::to_string(end - 1) +
                 ", but the program has " + std::to_string(variable_words_) + "; raise variable_words");
        }
    }

    void check_clbits(std::span<const std::int64_t> clbits) const {
        for (const std::int64_t clbit : clbits) {
            check_range("clbit", clbit, 0, std::int64_t{num_clbits_} - 1, "clbits");
        }
    }

    void check_stack(Immediates immediates) {
        const std::size_t popped = words_in(rule_->pops[0], immediates) + words_in(rule_->pops[1], immediates);
        if (popped > depth_) {
            fail("pops " + counted(popped, "word") + ", but the stack has " + std::to_string(depth_) +
                 "; push its operands first");
        }
        depth_ += words_in(rule_->pushes, immediates) - popped;
        if (depth_ > max_stack) {
            fail("the stack grows to " + counted(depth_, "word") + "; use at most " + std::to_string(max_stack) +
                 " by storing parts in variables");
        }
    }

    std::span<const std::int64_t> code_;
    int num_clbits_;
    int variable_words_;
    std::size_t num_labels_;
    std::size_t position_ = 0;
    std::size_t depth_ = 0;
    const Rule* rule_ = nullptr;
};

}  // namespace

std::span<const std::string_view> classical_op_names() { return names; }

void check_code(std::span<const std::int64_t> code, int num_clbits, int variable_words, std::size_t num_labels,
                std::size_t result_words) {
    const std::size_t depth = CodeChecker(code, num_clbits, variable_words, num_labels).check();
    if (depth != result_words) {
        reject("it leaves " + counted(depth, "word") + " on the stack; it must leave " + std::to_string(result_words));
    }
}

ClassicalStep first_step(std::span<const std::int64_t> code) {
    const Rule& rule = rules[code[0]];
    const Immediates immediates = code.subspan(1, num_immediates(rule));
    const auto list = code.subspan(1 + immediates.size(), list_length(rule, immediates));
    return {static_cast<ClassicalOp>(code[0]), immediates, list, 1 + immediates.size() + list.size()};
}

}  // namespace ketjet
