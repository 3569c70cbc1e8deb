// The self-check must be able to fail: plans, matrices, decompositions and kernels are corrupted one at a time, and
// each time the check that is there for it has to notice. What is not corrupted has to pass.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "base/machine.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"
#include "run/run.hpp"

using namespace ketjet;

namespace {

// Every kind of operation and of pass, on lanes, vectors and cold qubits.
Program mixture(int num_qubits, int depth) {
    Builder builder(num_qubits);
    for (int layer = 0; layer < depth; ++layer) {
        for (int q = 0; q < num_qubits; ++q) {
            builder.gate("u", {q}, {0.3 + layer, 0.1 * q, 0.7});
            if (q % 3 == 0) builder.gate("h", {q});
            if (q % 4 == 1) builder.gate("x", {q});
        }
        for (int q = 0; q + 1 < num_qubits; ++q) builder.gate("cx", {q, q + 1});
        for (int q = 0; q + 2 < num_qubits; ++q) builder.gate("crz", {q, q + 2}, {0.5});
        for (int q = 0; q + 2 < num_qubits; q += 2) builder.gate("ccx", {q + 2, q, q + 1});
        for (int q = 0; q + 1 < num_qubits; q += 2) builder.gate("xx_plus_yy", {q, q + 1}, {0.4, 0.9});
        for (int q = 0; q + 1 < num_qubits; q += 2) builder.gate("ryy", {q, q + 1}, {0.6});
        for (int q = 0; q + 3 < num_qubits; q += 3) builder.gate("rxx", {q, q + 3}, {0.8});
        builder.gate("swap", {0, num_qubits - 1});
        builder.gate("ry", {layer % num_qubits}, {std::numbers::pi});
    }
    return builder.build();
}

Plan plan_for(const Program& program, Precision precision) {
    Machine machine;
    machine.l2_bytes = 1 << 12;
    return plan(program, machine, {precision});
}

// What the self-check says; "" if it is content.
template <class T = double>
std::string finding(const Program& program, const Plan& plan, Verify mode, const KernelTable& kernels = kernels_for()) {
    RunCounters counters;
    RunRequest request{10, {1, 2}, false, true};
    request.verify = mode;
    try {
        const RunResult<T> result = run<T>(BoundPlan(plan, program), request, {kernels, 2, StopToken(counters)});
        CHECK(result.verification.checks > 0);
        CHECK(result.verification.max_deviation < (sizeof(T) == 4 ? 1e-5 : 1e-13));
        return "";
    } catch (const VerificationFailed& error) {
        return error.what();
    }
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void check_that_sound_plans_pass() {
    for (const int num_qubits : {4, 8, 12, 14}) {
        const Program program = mixture(num_qubits, 3);
        for (const Verify mode : {Verify::fast, Verify::full}) {
            CHECK(finding<double>(program, plan_for(program, Precision::double_), mode).empty());
            CHECK(finding<float>(program, plan_for(program, Precision::single), mode).empty());
        }
    }
}

// Qubits that take each other's places, each read by a condition on the next.
void check_wrong_reorderings() {
    Builder builder(8);
    for (int q = 0; q < 8; ++q) builder.gate("ry", {q}, {0.3 + q});
    for (int q = 0; q < 8; ++q) {
        builder.gate("h", {q});
        builder.measure(q);
        if (q == 7) continue;
        builder.only_if(q, 2);
        builder.gate("x", {q + 1});
        builder.gate("t", {q + 1});
    }
    const Program program = builder.build();
    PlanRequest request;
    request.keep_state = false;
    const Plan sound = plan(program, {}, request);
    CHECK(sound.num_qubits == 1 && sound.reordering != nullptr);
    const auto is_noticed = [&](const Plan& plan) {
        RunCounters counters;
        RunRequest run_request{10, {1, 2}, false, false};
        run_request.verify = Verify::fast;
        try {
            run<double>(BoundPlan(plan, program), run_request, {kernels_for(), 1, StopToken(counters)});
            return false;
        } catch (const VerificationFailed&) {
            return true;
        }
    };
    CHECK(!is_noticed(sound));
    const std::size_t count = sound.reordering->order.size();
    for (std::size_t i = 0; i + 1 < count; ++i) {
        Reordering swapped = *sound.reordering;
        std::swap(swapped.order[i], swapped.order[i + 1]);
        Plan plan = sound;
        plan.reordering = std::make_shared<const Reordering>(std::move(swapped));
        CHECK(is_noticed(plan));
        Reordering repeated = *sound.reordering;
        repeated.order[i] = repeated.order[i + 1];
        plan.reordering = std::make_shared<const Reordering>(std::move(repeated));
        CHECK(is_noticed(plan));
    }
}

// Runs `corrupt` on every sweep of a plan, one at a time, and counts how many were corrupted and how many were noticed.
struct Score {
    int corrupted = 0;
    int noticed = 0;
};
Score score(const Program& program, Verify mode, const std::function<bool(Sweep&)>& corrupt) {
    const Plan sound = plan_for(program, Precision::double_);
    Score result;
    for (std::size_t stage = 0; stage < sound.stages.size(); ++stage) {
        Plan plan = sound;
        auto* const sweep = std::get_if<Sweep>(&plan.stages[stage]);
        if (sweep == nullptr || !corrupt(*sweep)) continue;
        ++result.corrupted;
        if (!finding(program, plan, mode).empty()) ++result.noticed;
    }
    return result;
}

bool all_noticed(const Score& score) { return score.corrupted > 0 && score.noticed == score.corrupted; }

void check_wrong_orders() {
    const Program program = mixture(14, 3);
    CHECK(all_noticed(score(program, Verify::full, [](Sweep& sweep) {
        std::ranges::reverse(sweep.passes);
        return sweep.passes.size() > 2;
    })));
    CHECK(all_noticed(score(program, Verify::full, [](Sweep& sweep) {
        for (std::size_t i = 0; i < sweep.passes.size(); ++i) {
            auto* const layer = std::get_if<Layer>(&sweep.passes[i].work);
            if (layer == nullptr || layer->turns.empty() || layer->phases.empty()) continue;
            const Pass phases{Layer{{}, std::exchange(layer->phases, {})}};
            sweep.passes.insert(sweep.passes.begin() + static_cast<std::ptrdiff_t>(i), phases);
            return true;
        }
        return false;
    })));
    // A pass that is missing, one that runs twice.
    CHECK(all_noticed(score(program, Verify::full, [](Sweep& sweep) { return sweep.passes.pop_back(), true; })));
    CHECK(all_noticed(score(program, Verify::full, [](Sweep& sweep) {
        const auto turns = std::ranges::find_if(sweep.passes, [](const Pass& pass) {
            const auto* const layer = std::get_if<Layer>(&pass.work);
            return layer != nullptr && !layer->turns.empty();
        });
        if (turns == sweep.passes.end()) return false;
        const Pass twice = *turns;
        sweep.passes.push_back(twice);
        return true;
    })));
    // What stages hold is proved without running them: operations lost, run twice, or in a sweep too early.
    CHECK(all_noticed(score(program, Verify::fast, [](Sweep& sweep) { return sweep.operations.pop_back(), true; })));
    CHECK(all_noticed(score(program, Verify::fast,
                            [](Sweep& sweep) { return sweep.operations.push_back(sweep.operations.front()), true; })));
    CHECK(all_noticed(score(program, Verify::fast, [](Sweep& sweep) { return sweep.active ^= 1, true; })));

    Plan plan = plan_for(program, Precision::double_);
    const auto is_sweep = [](const Stage& stage) { return std::holds_alternative<Sweep>(stage); };
    const auto first = std::ranges::find_if(plan.stages, is_sweep);
    const auto second = std::find_if(first + 1, plan.stages.end(), is_sweep);
    CHECK(second != plan.stages.end());
    Sweep& early = std::get<Sweep>(*first);
    Sweep& late = std::get<Sweep>(*second);
    std::swap(early.operations, late.operations);
    std::swap(early.passes, late.passes);
    CHECK(!finding(program, plan, Verify::fast).empty());
}

void check_exchanged_operations() {
    // h, then t, on one qubit in two sweeps: told apart by order alone.
    Builder builder(12);
    for (int q = 0; q < 12; ++q) builder.gate("h", {q});
    builder.gate("cx", {0, 11});
    for (int q = 0; q < 12; ++q) builder.gate("ry", {q}, {0.2});
    const Program program = builder.build();
    Machine machine;
    machine.l2_bytes = 1 << 10;
    Plan plan = ketjet::plan(program, machine, {Precision::double_});
    std::vector<std::uint32_t*> all;
    for (Stage& stage : plan.stages) {
        if (auto* const sweep = std::get_if<Sweep>(&stage)) {
            for (std::uint32_t& operation : sweep->operations) all.push_back(&operation);
        }
    }
    for (std::uint32_t* const operation : all) {
        if (*operation == 0) {
            *operation = 13;
        } else if (*operation == 13) {
            *operation = 0;
        }
    }
    const std::string text = finding(program, plan, Verify::full);
    CHECK(!text.empty());
    CHECK(contains(text, "stage"));
    CHECK(contains(text, "report"));
}

void check_wrong_programs() {
    // The planned program is not the one that was given: the state of a narrow program tells.
    Builder given(5), other(5);
    for (Builder* const builder : {&given, &other}) {
        for (int q = 0; q < 5; ++q) builder->gate("ry", {q}, {0.4 + q});
        builder->gate("cx", builder == &given ? std::vector{0, 1} : std::vector{1, 0});
    }
    Plan plan = plan_for(given.build(), Precision::double_);
    plan.program = other.build();
    CHECK(finding(given.build(), plan, Verify::fast).empty());
    CHECK(contains(finding(given.build(), plan, Verify::full), "final state"));
}

void check_wrong_matrices() {
    Builder builder(6);
    for (int q = 0; q < 6; ++q) builder.gate("h", {q});
    builder.unitary({1, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1.001, 0, 0, 0, 0, 1});
    const Program program = builder.build();
    CHECK(contains(finding(program, plan_for(program, Precision::double_), Verify::fast), "operation 6 (unitary"));

    const Matrix matrix(2, {{0.6, 0}, {0, 0.8}, {0, 0.8}, {0.6, 0}});
    const GivensRotation turn = split_turn(matrix);
    CHECK(turn_error(matrix, turn) < 1e-15);
    CHECK(turn_error(matrix, split_plain_turn(matrix)) < 1e-15);
    for (double GivensRotation::* const part : {&GivensRotation::phase, &GivensRotation::before, &GivensRotation::after,
                                                &GivensRotation::cosine, &GivensRotation::sine}) {
        GivensRotation wrong = turn;
        wrong.*part += 1e-6;
        CHECK(turn_error(matrix, wrong) > 1e-7);
    }
    GivensRotation wrong = turn;
    wrong.imaginary = !wrong.imaginary;
    CHECK(turn_error(matrix, wrong) > 0.1);
}

// The matrices of a pair: one for each parity.
void check_wrong_pairs() {
    const auto row = [](std::string_view name) { return std::ranges::find(gate_table(), name, &GateFacts::name); };
    const double pi = std::numbers::pi;
    for (const double angle : {0.3, -2.0, 0.0, pi / 2, pi, 1.5 * pi, 2 * pi, pi + 1e-9}) {
        for (const double beta : {0.0, 0.7, pi}) {
            const std::vector<double> both{angle, beta};
            for (const char* const name : {"xx_plus_yy", "xx_minus_yy"}) {
                const Matrix general = row(name)->matrix(both);
                CHECK(pair_error(general, split_pair(general)) < 1e-15);
            }
        }
        for (const char* const name : {"rxx", "ryy", "iswap", "swap"}) {
            const Matrix plain = row(name)->matrix(std::vector<double>{angle});
            const PairRotation turn = split_plain_pair(plain);
            CHECK(pair_error(plain, turn) < 1e-15);
            for (std::size_t p = 0; p < 2; ++p) {
                PairRotation wrong = turn;
                wrong.of_parity[p].sine += 1e-6;
                CHECK(pair_error(plain, wrong) > 1e-7);
                wrong = turn;
                wrong.of_parity[p].phase += 1e-6;
                CHECK(pair_error(plain, wrong) > 1e-7);
            }
        }
    }
}

// Products that are diagonal or antidiagonal but for rounding, whose small entries have phases that mean nothing.
void check_decompositions_near_the_axes() {
    const auto gate = [](std::string_view name, std::vector<double> parameters) {
        const auto row = std::ranges::find(gate_table(), name, &GateFacts::name);
        return row->matrix(parameters);
    };
    const auto times = [](const Matrix& a, const Matrix& b) {
        Matrix result(2);
        for (std::size_t i = 0; i < 8; ++i) result(i & 1, i >> 1 & 1) += a(i & 1, i >> 2) * b(i >> 2, i >> 1 & 1);
        return result;
    };
    for (int example = 0; example < 2000; ++example) {
        const double small = std::ldexp(1.0, -(example % 60));
        const double theta = 0.1 * (example % 70), phi = 0.3 * (example % 11), lambda = 0.4 * (example % 13);
        const Matrix u = gate("u", {theta, phi, lambda}), back = gate("u", {small - theta, -lambda, -phi});
        const Matrix almost = times(back, u), opposite = times(gate("x", {}), almost);
        CHECK(turn_error(almost, split_turn(almost)) < 1e-14);
        CHECK(turn_error(opposite, split_turn(opposite)) < 1e-14);
        const Matrix turned = times(gate("rx", {small - theta}), gate("rx", {theta}));
        const Matrix half = times(gate("rx", {-std::numbers::pi / 2 + small}), gate("sx", {}));
        const Matrix real = times(gate("ry", {small - theta}), gate("ry", {theta}));
        for (const Matrix& matrix : {turned, half, real, times(gate("y", {}), real), times(gate("x", {}), turned)}) {
            CHECK(turn_error(matrix, split_plain_turn(matrix)) < 1e-14);
        }
    }
}

// Kernels that do their work, and then one thing more.
KernelTable broken = kernels_for();

void shrink_one(void* block) { static_cast<double*>(block)[0] *= 0.99; }
void exchange_two(void* block) { std::swap(static_cast<double*>(block)[0], static_cast<double*>(block)[1]); }

void check_wrong_kernels() {
    const Program program = mixture(14, 2);
    const Plan plan = plan_for(program, Precision::double_);
    const auto notices = [&](const std::string& pass) {
        const std::string text = finding(program, plan, Verify::full, broken);
        broken = kernels_for();
        return contains(text, "pass ") && contains(text, "(" + pass + ")");
    };
    broken.double_.turn = [](void* block, const TurnArgs& args) {
        kernels_for().double_.turn(block, args);
        exchange_two(block);
    };
    CHECK(notices("turns"));
    broken.double_.turn = [](void* block, const TurnArgs& args) {
        TurnArgs wrong = args;
        wrong.lane_turns = 0;
        kernels_for().double_.turn(block, wrong);
    };
    CHECK(notices("turns"));
    broken.double_.turn_phase = [](void* block, const TurnPhaseArgs& args) {
        TurnPhaseArgs wrong = args;
        wrong.phases.outer = nullptr;
        kernels_for().double_.turn_phase(block, wrong);
        shrink_one(block);
    };
    CHECK(notices("turns"));
    broken.double_.turn_phase = [](void* block, const TurnPhaseArgs& args) {
        TurnPhaseArgs wrong = args;
        wrong.turns.tangents[0] *= 0.99;
        kernels_for().double_.turn_phase(block, wrong);
    };
    CHECK(notices("turns"));
    broken.double_.dense = [](void* block, const DenseArgs& args) {
        kernels_for().double_.dense(block, args);
        exchange_two(block);
    };
    CHECK(!finding(program, plan, Verify::full, broken).empty());
    broken = kernels_for();
    // The norm alone notices what is not unitary, after the stage in which it happened.
    broken.double_.turn = [](void* block, const TurnArgs& args) {
        kernels_for().double_.turn(block, args);
        shrink_one(block);
    };
    CHECK(contains(finding(program, plan, Verify::fast, broken), "norm"));
    broken = kernels_for();
}

// While all amplitudes are real.
void check_folded_sweeps() {
    constexpr int num_qubits = 12;
    Builder builder(num_qubits);
    for (int layer = 0; layer < 4; ++layer) {
        for (int q = 0; q < num_qubits; ++q) builder.gate("ry", {q}, {0.3 + q + layer});
        for (int q = 0; q + 1 < num_qubits; ++q) builder.gate(q % 3 == 0 ? "cz" : "cx", {q, q + 1});
        builder.gate("ccz", {layer, 6, num_qubits - 1});
    }
    builder.gate("t", {0});
    const Program program = builder.build();
    Machine machine;
    machine.l2_bytes = 1 << 12;
    machine.sweep_factor = 100;
    const Plan sound = plan(program, machine, {Precision::double_});
    const auto is_folded = [](const Stage& stage) {
        const auto* const sweep = std::get_if<Sweep>(&stage);
        return sweep != nullptr && sweep->folded >= 0;
    };
    CHECK(std::ranges::count_if(sound.stages, is_folded) > 1);
    CHECK(finding(program, sound, Verify::full).empty());
    CHECK(finding<float>(program, plan(program, machine, {Precision::single}), Verify::full).empty());
    const std::function<void(Sweep&)> corruptions[] = {
        [](Sweep& sweep) { sweep.unfolds = !sweep.unfolds; },
        [](Sweep& sweep) { sweep.folded = sweep.hot.back(); },
        [](Sweep& sweep) { sweep.folded = -1; },
    };
    for (std::size_t stage = 0; stage < sound.stages.size(); ++stage) {
        if (!is_folded(sound.stages[stage])) continue;
        for (const auto& corrupt : corruptions) {
            Plan plan = sound;
            corrupt(std::get<Sweep>(plan.stages[stage]));
            CHECK(!finding(program, plan, Verify::fast).empty());
        }
    }
    broken = kernels_for();
    broken.double_.reflect = [](void*, const ReflectArgs&) {};
    CHECK(contains(finding(program, sound, Verify::full, broken), "(phases)"));
    broken = kernels_for();
    broken.double_.scatter = [](void* state, const void* block, const CopyArgs& args) {
        CopyArgs wrong = args;
        if (args.folded) wrong.conjugates = !args.conjugates;
        kernels_for().double_.scatter(state, block, wrong);
    };
    CHECK(!finding(program, sound, Verify::full, broken).empty());
    broken = kernels_for();
}

}  // namespace

int main() {
    check_that_sound_plans_pass();
    check_wrong_reorderings();
    check_wrong_orders();
    check_exchanged_operations();
    check_wrong_programs();
    check_wrong_matrices();
    check_wrong_pairs();
    check_decompositions_near_the_axes();
    check_wrong_kernels();
    check_folded_sweeps();
    return failed_checks == 0 ? 0 : 1;
}
