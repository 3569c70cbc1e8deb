// Plan as a value: what it contains, and how it prints itself.
#include "plan/plan.hpp"

#include <algorithm>
#include <sstream>

namespace ketjet {

bool is_random(const Stage& stage) {
    const Collapse* const collapse = std::get_if<Collapse>(&stage);
    return collapse != nullptr && collapse->random;
}

bool joins_turns(const Sweep& sweep, std::size_t pass) {
    return pass > 0 && sweep.passes[pass].kind == PassKind::phases && sweep.passes[pass - 1].kind == PassKind::turns;
}

bool Plan::has_random_collapse() const { return std::ranges::any_of(stages, is_random); }

int Plan::num_sweeps() const {
    return static_cast<int>(
        std::ranges::count_if(stages, [](const Stage& stage) { return std::holds_alternative<Sweep>(stage); }));
}

std::string_view name_of(PassKind kind) {
    constexpr std::string_view names[] = {"relabel", "turns", "phases", "dense", "single"};
    return names[static_cast<std::size_t>(kind)];
}

int Plan::num_passes() const {
    std::size_t passes = 0;
    for (const Stage& stage : stages) {
        if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) passes += sweep->passes.size();
    }
    return static_cast<int>(passes);
}

Program Plan::bind(const Program& given) const {
    return program.with_slots({given.slots().begin(), given.slots().end()});
}

bool Plan::operator==(const Plan& other) const {
    return origins == other.origins && shape == other.shape && num_qubits == other.num_qubits &&
           state_qubits == other.state_qubits && stages == other.stages &&
           final_measurements == other.final_measurements;
}

std::string Plan::to_string() const {
    std::ostringstream out;
    out << "plan: " << num_qubits << " qubits, " << num_sweeps() << " sweeps, " << program.operations().size()
        << " operations\n";
    for (const Stage& stage : stages) {
        if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) {
            out << "  sweep: " << sweep->operations.size() << " operations in " << sweep->passes.size()
                << " passes on hot qubits";
            for (const int qubit : sweep->hot) out << ' ' << qubit;
            out << " (" << count_bits(sweep->active) << " qubits active before)\n   ";
            for (const Pass& pass : sweep->passes) out << ' ' << name_of(pass.kind) << ' ' << pass.terms.size();
        } else if (const Collapse* const collapse = std::get_if<Collapse>(&stage)) {
            out << "  collapse: operation " << collapse->operation << (collapse->random ? "" : " (deterministic)");
        } else {
            out << "  extend: from " << count_bits(std::get<Extend>(stage).active) << " active qubits";
        }
        out << '\n';
    }
    for (const FinalMeasurement& m : final_measurements) {
        out << "  read: qubit " << m.qubit << " -> clbit " << m.clbit << '\n';
    }
    return out.str();
}

}  // namespace ketjet
