// A program while a circuit is read. A stretch of it can be appended again, or forgotten.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "program/packed_program.hpp"
#include "qiskit_bridge/columns.hpp"
#include "qiskit_bridge/jumps.hpp"
#include "qiskit_bridge/unbound.hpp"

namespace ketjet::qiskit_bridge {

struct Draft {
    struct Position {
        std::size_t operations;
        std::size_t unbound;
        std::size_t payloads;
        std::size_t touched;
        Jumps::Position jumps;
    };

    explicit Draft(std::size_t parameters) : unbound(parameters) {}

    Position position() const {
        return {columns.num_operations(), unbound.size(), payloads.size(), touched.size(), jumps.position()};
    }
    void truncate(const Position& position) {
        columns.truncate(position.operations);
        unbound.truncate(position.unbound);
        payloads.resize(position.payloads);
        touched.resize(position.touched);
        jumps.truncate(position.jumps);
    }
    void repeat(const Position& begin, const Position& end) {
        const std::size_t shift = columns.num_operations() - begin.operations;
        unbound.repeat(begin.unbound, end.unbound, columns.num_slots() - columns.slots_before(begin.operations));
        columns.repeat(begin.operations, end.operations);
        jumps.repeat(begin.jumps, end.jumps, shift);
    }

    // Drops computations and jumps that do nothing, turns labels into numbers of operations, and codes into payloads.
    void resolve() {
        if (jumps.all().empty()) return;
        std::vector<bool> kept(columns.num_operations(), true);
        for (const Jump& jump : jumps.all()) kept[jump.operation] = !jumps.is_idle(jump);
        std::vector<std::int64_t> numbers(kept.size() + 1, 0);
        for (std::size_t i = 0; i < kept.size(); ++i) numbers[i + 1] = numbers[i] + (kept[i] ? 1 : 0);
        std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> known;  // by code and target
        for (const Jump& jump : jumps.all()) {
            if (!kept[jump.operation]) continue;
            const std::int64_t target = jump.label < 0 ? -1 : numbers[jumps.place_of(jump)];
            std::int64_t operand = target;
            if (jump.code >= 0) {
                const auto next = static_cast<std::int64_t>(payloads.size());
                const auto [place, is_new] = known.try_emplace({jump.code, target}, next);
                operand = place->second;
                if (is_new) payloads.emplace_back(payload_of(jump.code, target));
            }
            columns.set_operand(jump.operation, operand);
        }
        columns.keep(kept);
    }

    Columns columns;
    Unbound unbound;
    Jumps jumps;
    std::vector<Payload> payloads;
    std::vector<std::pair<std::size_t, std::uint32_t>> touched;  // qubits that are not known from some operation on

 private:
    Code payload_of(std::int64_t number, std::int64_t target) {
        Code code = jumps.code(number);
        if (target >= 0) code.insert(code.begin(), target);
        return code;
    }
};

}  // namespace ketjet::qiskit_bridge
