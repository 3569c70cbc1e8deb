// A program that is being rewritten, with what the rewrites have found out about it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "plan/plan.hpp"
#include "program/program.hpp"

namespace ketjet {

// What is known of a bit.
enum class KnownValue : std::uint8_t { unknown, zero, one };

// Operations [begin, end) of a program that is shared out among ranks: SWAPs with global qubits.
struct ExchangedQubits {
    std::uint32_t begin;
    std::uint32_t end;
};

struct RewrittenProgram {
    Program program;                       // with the slots of the original
    std::vector<std::uint32_t> origins;    // of every operation: its index in the original
    int num_qubits;                        // of the state that is stored
    std::vector<KnownRead> known_reads{};  // of measurements that are no longer there
    // By index of a save: what is known of its wires there.
    std::map<std::int64_t, std::vector<KnownValue>> saved_values{};
    std::vector<SaveFrame> save_frames{};
    std::shared_ptr<const Reordering> reordering{};
    int global_qubits = 0;                     // of a program that is shared out: the highest ones
    std::vector<ExchangedQubits> exchanges{};  // likewise, ascending
    std::vector<std::int32_t> places{};        // likewise: where each qubit of the state is in the end
};

}  // namespace ketjet
