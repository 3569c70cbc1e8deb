// A sweep that is emitted again into the same BoundSweep takes no memory, and does what one that is emitted anew does.
#include <algorithm>
#include <atomic>
#include <complex>
#include <cstdlib>
#include <new>
#include <random>
#include <variant>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/executor.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"
#include "state/state_vector.hpp"

namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
    ++allocations;
    void* const memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace ketjet;

namespace {

constexpr int qubits = 10;

// Turns of qubits and pairs, phases with couplings, products in parts, matrices and relabelling.
Program layers() {
    Builder builder(qubits);
    double angle = 0.1;
    const auto next = [&] { return angle += 0.37; };
    for (int layer = 0; layer < 3; ++layer) {
        for (int q = 0; q < qubits; ++q) {
            if (q % 3 == 0) builder.gate("ry", {q}, {next()}).gate("rz", {q}, {next()});
            if (q % 3 == 1) builder.gate("u", {q}, {next(), next(), next()});
            if (q % 3 == 2) builder.gate("rz", {q}, {next()}).gate("sx", {q}).gate("rz", {q}, {next()}).gate("sx", {q});
        }
        for (int q = 0; q < qubits; ++q) builder.gate("cx", {q, (q + 3) % qubits});
        for (int q = 0; q < qubits; ++q) builder.gate("cp", {q, (q + 1) % qubits}, {next()});
        for (int q = 0; q + 1 < qubits; q += 2)
            builder.gate("rzz", {q, q + 1}, {next()}).gate("rxx", {q, q + 1}, {next()});
        builder.gate("h", {0}).gate("x", {1}).gate("swap", {2, 5}).gate("cz", {4, 9});
        builder.gate("crx", {3, 8}, {next()}).gate("rzx", {1, 6}, {next()}).gate("ccx", {0, 5, 9});
    }
    return builder.build();
}

template <class T>
std::vector<std::complex<T>> run(const BoundSweep& sweep) {
    RunCounters counters;
    const RunContext context{kernels_for(), 1, StopToken(counters)};
    StateVector<T> state(qubits, minimum_state_qubits);
    std::fill_n(state.amplitudes(), state.size(), 0);
    run_block<T>(sweep, 0, state.scalars(), qubits, context);
    return {state.amplitudes(), state.amplitudes() + state.size()};
}

template <class T>
void emits_again() {
    const Program program = layers();
    PlanRequest request;
    request.options.real_blocks = false;
    const auto made = std::make_shared<const Plan>(plan(program, {}, request));
    const Kernels& kernels = kernels_of<T>(kernels_for());
    std::mt19937 random(4);
    std::uniform_real_distribution<double> angle(-4, 4);
    std::vector<BoundSweep> kept(made->stages.size());
    for (int trial = 0; trial < 5; ++trial) {
        std::vector<double> slots(program.slots().begin(), program.slots().end());
        for (double& slot : slots) slot = angle(random);
        const BoundPlan bound(made, program.with_slots(slots));
        for (std::size_t stage = 0; stage < made->stages.size(); ++stage) {
            if (!std::holds_alternative<Sweep>(made->stages[stage])) continue;
            const Sweep& sweep = bound.sweep(stage);
            const long before = allocations;
            fail_allocation_after(trial > 0 ? 1 : 0);  // of an arena
            emit_sweep<T>(bound.program, sweep, kernels, kept[stage]);
            fail_allocation_after(0);
            CHECK((allocations == before) == (trial > 0));
            CHECK(run<T>(kept[stage]) == run<T>(emit_sweep<T>(bound.program, sweep, kernels)));
        }
    }
}

// A sweep in place of another one has nothing of it.
void replaces_what_was_there() {
    const Kernels& kernels = kernels_for().double_;
    const Program first = layers();
    const Program second = Builder(qubits).gate("h", {0}).gate("cx", {0, 9}).gate("rz", {9}, {0.3}).build();
    BoundSweep into;
    for (const Program* const program : {&first, &second, &first}) {
        const BoundPlan bound(plan(*program, {}, {}), *program);
        for (std::size_t stage = 0; stage < bound.plan->stages.size(); ++stage) {
            if (!std::holds_alternative<Sweep>(bound.plan->stages[stage])) continue;
            emit_sweep<double>(bound.program, bound.sweep(stage), kernels, into);
            CHECK(run<double>(into) == run<double>(emit_sweep<double>(bound.program, bound.sweep(stage), kernels)));
        }
    }
}

}  // namespace

int main() {
    emits_again<double>();
    emits_again<float>();
    replaces_what_was_there();
    return failed_checks == 0 ? 0 : 1;
}
