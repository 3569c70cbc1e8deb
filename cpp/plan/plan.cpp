// Plan as a value: what it contains, and how it prints itself.
#include "plan/plan.hpp"

#include <algorithm>
#include <sstream>

#include "base/overloaded.hpp"

namespace ketjet {

bool is_random(const Stage& stage) {
    const Collapse* const collapse = std::get_if<Collapse>(&stage);
    return collapse != nullptr && collapse->random;
}

std::string_view name_of(const Stage& stage) {
    return std::visit([](const auto& kind) { return kind.name; }, stage);
}

bool touches_state(const Stage& stage) {
    return std::visit([](const auto& kind) { return kind.touches_state; }, stage);
}

bool is_save(const Stage& stage) { return std::holds_alternative<Save>(stage); }

bool Plan::has_trajectories() const {
    return std::ranges::any_of(
        stages, [](const Stage& stage) { return is_random(stage) || is_save(stage) || !touches_state(stage); });
}

bool Plan::has_loops() const {
    const auto goes_back = [](const Stage& stage, std::size_t place) {
        const auto* const jump = std::get_if<Jump>(&stage);
        const auto* const branch = std::get_if<Branch>(&stage);
        return (jump != nullptr && jump->target <= place) || (branch != nullptr && branch->target <= place);
    };
    for (std::size_t place = 0; place < stages.size(); ++place) {
        if (goes_back(stages[place], place)) return true;
    }
    return false;
}

bool Plan::collapses_at_random() const { return std::ranges::any_of(stages, is_random); }

std::int64_t Plan::arbitrary_save() const {
    std::size_t reached = 0;  // stages before this one may come before that at which we look, through loops too
    bool random = false;
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const auto* const save = std::get_if<Save>(&stages[i]);
        if (save == nullptr) continue;
        const auto& operation = std::get<SaveOperation>(program.operations()[save->operation]);
        std::size_t end = i;
        for (std::size_t j = i; j < stages.size(); ++j) {
            const auto* const jump = std::get_if<Jump>(&stages[j]);
            if (jump != nullptr && jump->target <= end) end = j;
        }
        for (; reached < end; ++reached) random = random || is_random(stages[reached]);
        if (random && operation.mode() == SaveMode::one) return operation.index();
    }
    return -1;
}

std::string_view name_of(const Pass& pass) {
    return std::visit(Overloaded{[](const Relabel&) { return "relabel"; },
                                 [](const Layer& layer) { return layer.turns.empty() ? "phases" : "turns"; },
                                 [](const Dense&) { return "dense"; }, [](const Single&) { return "single"; }},
                      pass.work);
}

std::vector<Term> terms_of(const Pass& pass) {
    return std::visit(Overloaded{[](const Relabel& relabel) { return relabel.terms; },
                                 [](const Layer& layer) {
                                     std::vector<Term> terms = layer.turns;
                                     terms.insert(terms.end(), layer.phases.begin(), layer.phases.end());
                                     return terms;
                                 },
                                 [](const auto& matrix) { return std::vector{matrix.term}; }},
                      pass.work);
}

Index Sweep::within_reach() const { return mask_of(hot) | (folded < 0 ? 0 : bit(folded)); }

Index Sweep::active_after() const {
    return active | (folded < 0 || unfolds ? within_reach() : within_reach() & ~bit(folded));
}

Index Exchange::active_after() const {
    Index after = active;
    for (const auto& [first, second] : swaps) {
        if ((active >> first & 1) != (active >> second & 1)) after ^= bit(first) | bit(second);
    }
    return after == 0 ? 0 : after | low_bits(minimum_state_qubits);
}

Index Plan::active_before() const { return request.from_zero ? 0 : low_bits(state_qubits) & ~request.fresh; }

Index Plan::active_after() const {
    Index active = active_before();
    for (const Stage& stage : stages) {
        if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) {
            active = sweep->active_after();
        } else if (const Exchange* const exchange = std::get_if<Exchange>(&stage)) {
            active = exchange->active_after();
        } else if (!std::holds_alternative<Compute>(stage)) {
            active = low_bits(state_qubits);
        }
    }
    return active;
}

int Plan::qubit_at(std::int32_t place) const {
    return places.empty() ? place : static_cast<int>(std::ranges::find(places, place) - places.begin());
}

int Plan::num_sweeps() const {
    return static_cast<int>(
        std::ranges::count_if(stages, [](const Stage& stage) { return std::holds_alternative<Sweep>(stage); }));
}

int Plan::num_passes() const {
    std::size_t passes = 0;
    for (const Stage& stage : stages) {
        if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) passes += sweep->passes.size();
    }
    return static_cast<int>(passes);
}

BoundPlan::BoundPlan(std::shared_ptr<const Plan> made, const Program& given)
    : BoundPlan(std::move(made), given.slots()) {}

BoundPlan::BoundPlan(Plan made, const Program& given)
    : BoundPlan(std::make_shared<const Plan>(std::move(made)), given) {}

BoundPlan::BoundPlan(std::shared_ptr<const Plan> made, std::span<const double> slots)
    : plan(std::move(made)), program(plan->program.with_slots({slots.begin(), slots.end()})) {}

Program BoundPlan::original() const {
    return plan->original.with_slots({program.slots().begin(), program.slots().end()});
}

StageRange sweeps_from(const Plan& plan, std::size_t stage) {
    StageRange sweeps{stage, stage};
    while (sweeps.end < plan.stages.size() && std::holds_alternative<Sweep>(plan.stages[sweeps.end])) ++sweeps.end;
    return sweeps;
}

bool Plan::operator==(const Plan& other) const {
    return request == other.request && machine == other.machine && origins == other.origins && shape == other.shape &&
           num_qubits == other.num_qubits && state_qubits == other.state_qubits && stages == other.stages &&
           final_measurements == other.final_measurements && known_reads == other.known_reads &&
           save_frames == other.save_frames && global_qubits == other.global_qubits && places == other.places;
}

namespace {

// One line on a stage; sweeps take a second one for their passes.
struct StageText {
    std::ostringstream& out;

    void operator()(const Sweep& sweep) const {
        out << "sweep: " << sweep.operations.size() << " operations in " << sweep.passes.size()
            << " passes on hot qubits";
        for (const int qubit : sweep.hot) out << ' ' << qubit;
        out << " (" << count_bits(sweep.active) << " qubits active before";
        if (sweep.folded >= 0) out << ", real, folded along qubit " << sweep.folded;
        out << ")\n   ";
        for (const Pass& pass : sweep.passes) {
            if (&pass != &sweep.passes.front()) out << ';';
            std::visit(*this, pass.work);
        }
    }
    void operator()(const Relabel& relabel) const { out << " relabel " << relabel.terms.size(); }
    void operator()(const Layer& layer) const {
        if (!layer.turns.empty()) out << " turns " << layer.turns.size();
        if (!layer.phases.empty()) out << (layer.turns.empty() ? "" : ",") << " phases " << layer.phases.size();
    }
    void operator()(const Dense&) const { out << " dense"; }
    void operator()(const Single&) const { out << " single"; }
    void operator()(const Collapse& collapse) const {
        out << "collapse: operation " << collapse.operation << (collapse.random ? "" : " (deterministic)")
            << (collapse.clears ? " (leaves |0>)" : "");
    }
    void operator()(const Extend& extend) const {
        out << "extend: from " << count_bits(extend.active) << " active qubits";
    }
    void operator()(const Exchange& exchange) const {
        out << "exchange: qubits";
        for (const auto& [first, second] : exchange.swaps) out << ' ' << first << '-' << second;
        out << " (" << count_bits(exchange.active) << " qubits active before)";
    }
    void operator()(const Compute& compute) const { out << "compute: operation " << compute.operation; }
    void operator()(const Branch& branch) const {
        out << "branch: operation " << branch.operation << ", else to stage " << branch.target;
    }
    void operator()(const Jump& jump) const { out << "jump: to stage " << jump.target; }
    void operator()(const Join&) const { out << "join"; }
    void operator()(const Save& save) const { out << "save: operation " << save.operation; }
};

}  // namespace

std::string Plan::to_string() const {
    std::ostringstream out;
    out << "plan: " << num_qubits << " qubits, " << num_sweeps() << " sweeps, " << program.operations().size()
        << " operations\n";
    for (const Stage& stage : stages) {
        out << "  ";
        std::visit(StageText{out}, stage);
        out << '\n';
    }
    for (const FinalMeasurement& m : final_measurements) {
        out << "  read: qubit " << m.qubit << " -> clbit " << m.clbit << '\n';
    }
    for (const KnownRead& read : known_reads) {
        out << "  known: " << (read.value ? 1 : 0) << " -> clbit " << read.clbit << '\n';
    }
    return out.str();
}

}  // namespace ketjet
