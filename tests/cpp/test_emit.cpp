// What emitters stand on: where qubits are in a block, and the frame that keeps X, Z, CX and SWAP; and that what the
// frame keeps takes no call.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "builder.hpp"
#include "check.hpp"
#include "emit/block_frame.hpp"
#include "emit/emit_sweep.hpp"
#include "kernels/dispatch.hpp"
#include "plan/planner.hpp"

using namespace ketjet;

namespace {

constexpr int lane_bits = 2;

Sweep sweep_of(std::vector<int> hot, Index active) {
    Sweep sweep{};
    sweep.hot = std::move(hot);
    sweep.active = active;
    return sweep;
}

void check_layout() {
    const std::vector<int> hot{0, 1, 2, 5, 7};
    const BlockLayout layout(hot, low_bits(9), lane_bits);
    CHECK(layout.positions() == 5 && layout.vector_bits() == 3 && layout.lanes() == 4);
    CHECK(layout.blocks() == 16);  // by qubits 3, 4, 6 and 8
    CHECK(layout.is_lane(1) && !layout.is_vector(1) && !layout.is_cold(1));
    CHECK(layout.is_vector(5) && !layout.is_lane(5) && layout.position(5) == 3);
    CHECK(layout.is_cold(6) && !layout.is_lane(6) && !layout.is_vector(6));
    CHECK(layout.cold_of(bit(1) | bit(6) | bit(7)) == bit(6));
    CHECK(layout.positions_of(bit(1) | bit(6) | bit(7)) == (bit(1) | bit(4)));
    const PlacedCondition condition = layout.place({bit(0) | bit(5) | bit(7) | bit(8), bit(0) | bit(7)});
    CHECK((condition.cold == Condition{bit(8), 0}));
    CHECK((condition.vectors == Condition{0b110, 0b100}));
    CHECK((condition.lanes == Condition{0b01, 0b01}));
    const std::vector<int> qubits{8, 5, 0};
    CHECK(layout.entry_of(qubits, 0b01001, 0) == 0b110);
    CHECK(layout.entry_of(qubits, 0b10110, bit(8)) == 0b001);
}

// What is taken overlaps nothing that still counts, and what was given back is taken again first.
void check_arena() {
    Arena arena;
    auto* const first = arena.take<std::uint64_t>(3);
    first[0] = first[1] = first[2] = 7;
    const std::size_t bytes = arena.bytes();
    void* inside = nullptr;
    {
        const ArenaScope scope(arena);
        inside = arena.take<char>(100);
        const std::span<std::uint64_t> large(arena.take<std::uint64_t>(bytes), bytes);  // more than the first chunk has
        std::ranges::fill(large, 9);
        CHECK(reinterpret_cast<std::uintptr_t>(large.data()) % 64 == 0);
    }
    CHECK(arena.take<char>(1) == inside);
    const std::size_t grown = arena.bytes();
    CHECK(grown > bytes && first[2] == 7);
    arena.rewind({});
    CHECK(static_cast<void*>(arena.take<std::uint64_t>(3)) == first);
    CHECK(arena.take<std::uint64_t>(bytes) != nullptr && arena.bytes() == grown);
}

std::uint32_t address(const AddressMap& map, Index vector) {
    return map.low[vector & 63] ^ map.high[vector >> 6] ^ map.affine;
}

// The vector that is found where another one was tells what has happened to the bits of its number.
void check_frame() {
    const Sweep sweep = sweep_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, low_bits(10));
    Arena arena;
    BlockFrame frame(sweep, lane_bits, sizeof(double), arena);
    const AddressMap before = frame.map();
    const Index vectors = bit(frame.layout().vector_bits());
    const auto moves = [&](auto bits_of) {
        const AddressMap map = frame.map();
        bool right = true;
        for (Index y = 0; y < vectors; ++y) right = right && address(map, bits_of(y)) == address(before, y);
        return right;
    };
    CHECK(moves([](Index y) { return y; }));
    frame.flip(4);
    CHECK(moves([](Index y) { return y ^ bit(2); }));
    frame.flip(4);
    frame.add(9, 3);
    CHECK(moves([](Index y) { return y ^ ((y >> 7 & 1) << 1); }));
    frame.add(9, 3);
    frame.exchange(2, 8);
    CHECK(moves([](Index y) { return (y & ~(bit(0) | bit(6))) | (y & 1) << 6 | (y >> 6 & 1); }));
    frame.exchange(2, 8);
    CHECK(frame.offset(0b11) == (address(before, 0b11) ^ address(before, 0)));
    CHECK(frame.lane_flip() == 0);
    frame.flip(1);
    CHECK(frame.lane_flip() == 0b10 && frame.index_of_lane(0b01) == 0b11);
    CHECK(moves([](Index y) { return y; }));
    frame.order_lanes();

    frame.toggle_sign(5);
    frame.flip(5);  // ZX = -XZ
    CHECK(frame.scale == Complex(-1));
    frame.add(6, 5);  // a Z on the target is one on the control too
    CHECK(frame.has_sign(5) && frame.has_sign(6));
    frame.exchange(6, 7);
    CHECK(!frame.has_sign(6) && frame.has_sign(7));
}

// On the folded qubit Z conjugates, and X takes z to i conj(z).
void check_fold() {
    Sweep sweep = sweep_of({0, 1, 2, 3, 4, 5}, low_bits(6));
    sweep.folded = 6;
    Arena arena;
    BlockFrame frame(sweep, lane_bits, sizeof(float), arena);
    CHECK(frame.is_folded(6) && !frame.is_folded(5));
    frame.scale = Complex(0.6, 0.8);
    frame.toggle_sign(6);
    CHECK(frame.fold->conjugated && frame.scale == Complex(0.6, -0.8) && frame.signs() == 0);
    frame.flip(6);
    CHECK(!frame.fold->conjugated && std::abs(frame.scale - Complex(-0.8, 0.6)) < 1e-15);
}

BoundSweep first_sweep(const Program& program) {
    PlanRequest request;
    request.options.known_bits = request.options.relabel_swaps = request.options.growth = false;
    const BoundPlan bound(plan(program, {}, request), program);
    for (std::size_t stage = 0; stage < bound.plan->stages.size(); ++stage) {
        if (!std::holds_alternative<Sweep>(bound.plan->stages[stage])) continue;
        return emit_sweep<double>(bound.program, bound.sweep(stage), kernels_for("portable").double_);
    }
    return {};
}

void check_calls() {
    Builder builder(8);
    builder.gate("x", {5}).gate("cx", {6, 7}).gate("swap", {4, 6}).gate("z", {7});
    const BoundSweep bookkeeping = first_sweep(builder.build());
    CHECK(bookkeeping.calls.empty());
    CHECK(bookkeeping.gather_map.affine != bookkeeping.scatter_map.affine);
    builder.gate("rx", {7}, {0.3}).gate("rzz", {5, 7}, {0.4});
    const BoundSweep layer = first_sweep(builder.build());
    CHECK(layer.calls.size() == 1 && std::holds_alternative<TurnPhaseCall>(layer.calls[0].call));
    CHECK(layer.scratch_bytes > 0);
}

}  // namespace

int main() {
    check_layout();
    check_arena();
    check_frame();
    check_fold();
    check_calls();
    return failed_checks == 0 ? 0 : 1;
}
