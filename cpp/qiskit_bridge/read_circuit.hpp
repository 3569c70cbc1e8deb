// What has been read of a circuit, and what is missing. Operations that are nothing but their definitions are put in
// where they stand once these have been read, too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "qiskit_bridge/draft.hpp"
#include "qiskit_bridge/settings.hpp"

namespace ketjet::qiskit_bridge {

// An instruction that is not exactly one operation.
struct Gap {
    std::int64_t instruction;
    std::size_t operations;  // before what follows it
    bool is_left;            // whether it is still to be read
};

// Where an instruction acts that has been left.
struct Place {
    std::vector<std::uint32_t> qubits;
    std::vector<std::uint32_t> clbits;
    bool may_be_defined;  // by a circuit
};

struct ReadCircuit {
    ReadCircuit(std::size_t parameters, std::size_t qubits, std::size_t clbits)
        : num_qubits(qubits), num_clbits(clbits), draft(parameters) {}

    bool is_whole() const { return places.empty(); }

    // Puts in definitions, one for each instruction that has been left or none; each has a number that tells which
    // expressions are meant. False if there would be more operations than so many.
    bool put_in(const Settings& settings, std::span<const ReadCircuit* const> definitions,
                std::span<const std::int64_t> numbers, std::size_t most) {
        std::size_t operations = draft.columns.num_operations();
        for (const ReadCircuit* const each : definitions) {
            if (each != nullptr) operations += each->draft.columns.num_operations();
            if (operations > most) return false;
        }
        ReadCircuit filled(draft.unbound.num_parameters(), num_qubits, num_clbits);
        filled.draft.payloads = std::move(draft.payloads);
        filled.draft.unbound.begin_like(draft.unbound);
        filled.draft.columns.reserve(operations);
        std::map<std::int64_t, std::int64_t> first_payload;  // by definition's number
        std::size_t done = 0, next = 0;
        for (Gap gap : gaps) {
            filled.append(draft, done, gap.operations);
            done = gap.operations;
            if (gap.is_left) {
                const std::size_t left = next++;
                const ReadCircuit* const definition = definitions[left];
                gap.is_left = definition == nullptr;
                if (gap.is_left) {
                    filled.places.push_back(std::move(places[left]));
                } else {
                    filled.put_in_one(settings, definition->draft, places[left], gap.instruction, numbers[left],
                                      first_payload);
                    filled.measures = filled.measures || definition->measures;
                }
            }
            gap.operations = filled.draft.columns.num_operations();
            filled.gaps.push_back(gap);
        }
        filled.append(draft, done, draft.columns.num_operations());
        filled.measures = filled.measures || measures;
        filled.words = words;
        *this = std::move(filled);
        return true;
    }

    std::size_t num_qubits;
    std::size_t num_clbits;
    Draft draft;
    std::vector<Gap> gaps;
    std::vector<Place> places;  // of all that has been left
    bool measures = false;
    std::int64_t words = 0;  // of classical memory

 private:
    // Operations of this circuit, of which none leads out of the stretch.
    void append(const Draft& from, std::size_t begin, std::size_t end) {
        const std::size_t operation = draft.columns.num_operations() - begin;
        const std::size_t slot = draft.columns.num_slots() - from.columns.slots_before(begin);
        draft.unbound.append(from.unbound, from.columns.slots_before(begin), from.columns.slots_before(end), slot);
        draft.jumps.append(from.jumps, begin, end, operation);
        for (const auto& [before, qubit] : from.touched) {
            if (begin <= before && before < end) draft.touched.emplace_back(before + operation, qubit);
        }
        draft.columns.append(from.columns, begin, end);
    }

    void put_in_one(const Settings& settings, const Draft& definition, const Place& place, std::int64_t instruction,
                    std::int64_t number, std::map<std::int64_t, std::int64_t>& first_payload) {
        std::int64_t payload = 0;
        if (!definition.payloads.empty()) {  // all uses share them
            const auto next = static_cast<std::int64_t>(draft.payloads.size());
            const auto [known, is_new] = first_payload.try_emplace(number, next);
            payload = known->second;
            if (is_new) {
                draft.payloads.insert(draft.payloads.end(), definition.payloads.begin(), definition.payloads.end());
            }
        }
        draft.unbound.put_in(definition.unbound, draft.columns.num_slots(), instruction, number);
        draft.columns.put_in(definition.columns, place.qubits.data(), place.clbits.data(), settings.measure, payload);
    }
};

}  // namespace ketjet::qiskit_bridge
