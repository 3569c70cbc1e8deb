#include "plan/request.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ketjet {

namespace {

struct NamedOption {
    std::string_view name;
    bool PlanOptions::* on;
};
constexpr std::array options{
    NamedOption{"growth", &PlanOptions::growth},
    NamedOption{"known_bits", &PlanOptions::known_bits},
    NamedOption{"relabel_swaps", &PlanOptions::relabel_swaps},
    NamedOption{"prune", &PlanOptions::prune},
    NamedOption{"reuse_qubits", &PlanOptions::reuse_qubits},
    NamedOption{"merge_dense", &PlanOptions::merge_dense},
    NamedOption{"turn_pairs", &PlanOptions::turn_pairs},
    NamedOption{"merge_passes", &PlanOptions::merge_passes},
    NamedOption{"block_frame", &PlanOptions::block_frame},
    NamedOption{"real_blocks", &PlanOptions::real_blocks},
    NamedOption{"merge_branches", &PlanOptions::merge_branches},
    NamedOption{"search", &PlanOptions::search},
};
static_assert(sizeof(PlanOptions) == options.size() * sizeof(bool));  // every one has its name

constexpr auto names = [] {
    std::array<std::string_view, options.size()> result;
    for (std::size_t i = 0; i < options.size(); ++i) result[i] = options[i].name;
    return result;
}();

}  // namespace

std::span<const std::string_view> plan_option_names() { return names; }

PlanOptions options_without(std::span<const std::string> switched_off) {
    PlanOptions result;
    for (const std::string& name : switched_off) {
        const auto* const found = std::ranges::find(options, name, &NamedOption::name);
        if (found == options.end()) throw std::invalid_argument("the planner has no switch " + name);
        result.*(found->on) = false;
    }
    return result;
}

}  // namespace ketjet
