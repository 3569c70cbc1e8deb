// Sizes first, then the arguments of each kind.
#include "program/check_save.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bits.hpp"

namespace ketjet {

namespace {

// Whether a mask or index of several words has no bits beyond so many.
bool fits(std::span<const std::int64_t> words, std::size_t bits) {
    return bits >= 64 * words.size() ||
           (bits == 0 ? words[0] == 0 : (static_cast<Index>(words.back()) >> bits % 64) == 0);
}

bool is_left_out(std::span<const std::int64_t> words) {
    return std::ranges::all_of(words, [](std::int64_t word) { return word == -1; });
}

std::string fault_of_sums(std::span<const std::int64_t> arguments, std::size_t wires) {
    const std::string short_of = "the payload ends within its sums; give the terms that it announces";
    if (arguments.empty() || arguments[0] < 0) return short_of;
    const std::size_t words = mask_words(wires);
    std::int64_t sums = arguments[0];
    arguments = arguments.subspan(1);
    for (; sums > 0; --sums) {
        if (arguments.empty() || arguments[0] < 0) return short_of;
        const auto terms = static_cast<std::size_t>(arguments[0]);
        arguments = arguments.subspan(1);
        if (terms > arguments.size() / (2 * words + 1)) return short_of;
        for (std::size_t i = 0; i < terms; ++i, arguments = arguments.subspan(2 * words + 1)) {
            if (!fits(arguments.first(words), wires) || !fits(arguments.subspan(words, words), wires)) {
                return "a Pauli acts beyond the wires; add wires";
            }
            if (!std::isfinite(std::bit_cast<double>(arguments[2 * words]))) {
                return "a coefficient is not finite; use finite numbers";
            }
        }
    }
    return arguments.empty() ? "" : "the payload goes on behind its sums; remove what is there";
}

}  // namespace

std::string fault_of_save(const SaveOperation& operation, const SaveBounds& bounds) {
    if (operation.payload->size() < 4) return "the payload needs a kind, an index, a word and a mode";
    const auto kind = static_cast<std::int64_t>(operation.kind()), mode = static_cast<std::int64_t>(operation.mode());
    if (kind < 0 || kind > static_cast<std::int64_t>(Saved::density)) {
        return "kind " + std::to_string(kind) + " is unknown; use 0 to 4";
    }
    if (mode < 0 || mode > static_cast<std::int64_t>(SaveMode::one_a_key)) {
        return "mode " + std::to_string(mode) + " is unknown; use 0 to 2";
    }
    if (operation.index() < 0) return "index " + std::to_string(operation.index()) + " is negative; count from 0";
    if (operation.shot_word() < -1 || operation.shot_word() >= bounds.variable_words) {
        return "word " + std::to_string(operation.shot_word()) + " is out of range; the program has " +
               std::to_string(bounds.variable_words) + " variable words";
    }
    const std::size_t wires = operation.wires.targets;
    const auto arguments = operation.arguments();
    switch (operation.kind()) {
        case Saved::amplitudes: {
            const std::size_t words = mask_words(wires);
            if (wires != static_cast<std::size_t>(bounds.num_qubits)) return "it needs all qubits as wires";
            if (arguments.size() % words != 0) return "the payload ends within an index; give all of its words";
            for (auto rest = arguments; !rest.empty(); rest = rest.subspan(words)) {
                if (bounds.planned && is_left_out(rest.first(words))) continue;
                if (!fits(rest.first(words), wires)) return "a basis state is out of range; use 0 to 2^qubits - 1";
            }
            return "";
        }
        case Saved::state:
            if (wires != static_cast<std::size_t>(bounds.num_qubits)) return "it needs all qubits as wires";
            break;
        case Saved::expectations:
            return fault_of_sums(arguments, wires);
        case Saved::density:
            if (wires > max_density_qubits) {
                return "a density matrix of " + std::to_string(wires) + " qubits is too large; use at most " +
                       std::to_string(max_density_qubits);
            }
            break;
        case Saved::probabilities:
            break;
    }
    return arguments.empty() ? "" : "this kind takes no arguments; remove them";
}

}  // namespace ketjet
