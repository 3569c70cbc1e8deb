// Qubits are numbered anew, and saves get the wires that are left.
#include "plan/leave_out.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <span>

#include "base/bit_set.hpp"
#include "plan/program_editor.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

constexpr std::int32_t left_out = -1;
constexpr std::size_t save_header = 4;  // words of a save's payload before its arguments

// A flip or reset of one qubit, whatever the others are.
bool only_sets(const Operation& operation) {
    if (std::holds_alternative<ResetOperation>(operation)) return true;
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return gate != nullptr && gate->wires.controls == 0 && facts_of(*gate).structure == Structure::flip;
}

bool bit_of(std::span<const std::int64_t> words, std::size_t position) {
    return (static_cast<std::uint64_t>(words[position / 64]) >> position % 64 & 1) != 0;
}

// A save with fewer wires: those at `kept`; the values of the others are known.
class SaveReducer {
 public:
    SaveReducer(const SaveOperation& save, std::size_t wires, std::span<const KnownValue> values,
                const std::vector<std::int64_t>& kept)
        : save_(save), wires_(wires), values_(values), kept_(kept), dropped_() {
        for (std::size_t k = 0, next = 0; k < wires; ++k) {
            if (next < kept.size() && kept[next] == static_cast<std::int64_t>(k)) {
                ++next;
            } else {
                dropped_.push_back(k);
            }
        }
    }

    std::vector<std::int64_t> payload() const {
        std::vector<std::int64_t> result(save_.payload->begin(), save_.payload->begin() + save_header);
        if (save_.kind() == Saved::expectations) add_sums(result);
        if (save_.kind() == Saved::amplitudes) add_indices(result);
        return result;
    }

    SaveFrame frame() const {
        SaveFrame frame{save_.index(), kept_, {}};
        for (const std::size_t k : dropped_) {
            if (is_one(k)) frame.ones.push_back(static_cast<std::int64_t>(k));
        }
        return frame;
    }

 private:
    bool is_one(std::size_t wire) const { return values_[wire] == KnownValue::one; }

    void add_mask(std::span<const std::int64_t> mask, std::vector<std::int64_t>& result) const {
        const std::size_t begin = result.size();
        result.resize(begin + mask_words(kept_.size()));
        for (std::size_t i = 0; i < kept_.size(); ++i) {
            const bool set = bit_of(mask, static_cast<std::size_t>(kept_[i]));
            result[begin + i / 64] |= static_cast<std::int64_t>(std::uint64_t{set} << i % 64);
        }
    }

    // X and Y of a known qubit have the mean 0, Z has that of its value.
    void add_sums(std::vector<std::int64_t>& result) const {
        const std::size_t words = mask_words(wires_);
        auto rest = save_.arguments();
        result.push_back(rest[0]);
        std::int64_t sums = rest[0];
        for (rest = rest.subspan(1); sums > 0; --sums) {
            const std::size_t count = result.size();
            result.push_back(0);
            std::int64_t terms = rest[0];
            for (rest = rest.subspan(1); terms > 0; --terms, rest = rest.subspan(2 * words + 1)) {
                const auto x = rest.first(words), z = rest.subspan(words, words);
                if (std::ranges::any_of(dropped_, [&](std::size_t k) { return bit_of(x, k); })) continue;
                const auto is_negative = [&](std::size_t k) { return bit_of(z, k) && is_one(k); };
                const double sign = std::ranges::count_if(dropped_, is_negative) % 2 == 0 ? 1 : -1;
                ++result[count];
                add_mask(x, result);
                add_mask(z, result);
                result.push_back(std::bit_cast<std::int64_t>(sign * std::bit_cast<double>(rest[2 * words])));
            }
        }
    }

    void add_indices(std::vector<std::int64_t>& result) const {
        const std::size_t words = mask_words(wires_);
        for (auto rest = save_.arguments(); !rest.empty(); rest = rest.subspan(words)) {
            const auto index = rest.first(words);
            if (std::ranges::all_of(dropped_, [&](std::size_t k) { return bit_of(index, k) == is_one(k); })) {
                add_mask(index, result);
            } else {
                result.insert(result.end(), mask_words(kept_.size()), -1);
            }
        }
    }

    const SaveOperation& save_;
    std::size_t wires_;
    std::span<const KnownValue> values_;
    const std::vector<std::int64_t>& kept_;
    std::vector<std::size_t> dropped_;
};

class LeaveOut {
 public:
    explicit LeaveOut(const RewrittenProgram& source)
        : source_(source), numbers_(static_cast<std::size_t>(source.num_qubits), left_out), editor_(source) {}

    RewrittenProgram run() {
        const int num_qubits = number_qubits();
        if (num_qubits == source_.num_qubits) return source_;
        const auto operations = source_.program.operations();
        for (std::size_t i = 0; i < operations.size(); ++i) {
            editor_.label(i);
            if (const auto* const save = std::get_if<SaveOperation>(&operations[i])) {
                add_save(i, *save);
            } else if (!only_sets(operations[i]) || number_of(qubit_set(operations[i])) != left_out) {
                editor_.add_renamed(i, [&](std::int32_t qubit) { return number_of(qubit); });
            }
        }
        editor_.label(operations.size());
        RewrittenProgram result = editor_.finish(num_qubits);
        result.save_frames = std::move(frames_);
        return result;
    }

 private:
    std::int32_t number_of(std::int32_t qubit) const { return numbers_[static_cast<std::size_t>(qubit)]; }

    std::int32_t qubit_set(const Operation& operation) const {
        if (const auto* const reset = std::get_if<ResetOperation>(&operation)) return reset->qubit;
        return source_.program.targets(std::get<GateOperation>(operation).wires)[0];
    }

    KnownValue value_at(const SaveOperation& save, std::size_t wire) const {
        const std::vector<KnownValue>& values = source_.saved_values.at(save.index());
        return wire < values.size() ? values[wire] : KnownValue::unknown;
    }

    // Returns how many are looked at; these are numbered in order.
    int number_qubits() {
        BitSet looked_at(source_.num_qubits);
        std::vector<WireRole> wires;
        for (const Operation& operation : source_.program.operations()) {
            if (only_sets(operation)) continue;
            wire_roles(source_.program, operation, wires);
            const auto* const save = std::get_if<SaveOperation>(&operation);
            for (std::size_t k = 0; k < wires.size(); ++k) {
                if (save == nullptr || value_at(*save, k) == KnownValue::unknown) looked_at.insert(wires[k].qubit);
            }
        }
        std::int32_t next = 0;
        looked_at.for_each([&](std::int32_t qubit) { numbers_[static_cast<std::size_t>(qubit)] = next++; });
        if (next == source_.num_qubits || !initializes(next)) return next;
        // An initialisation of all qubits forgets phases, one of a part does not: it has to stay one of a part.
        *std::ranges::find(numbers_, left_out) = next;
        return next + 1;
    }

    // Whether so many qubits are initialised at once.
    bool initializes(std::int32_t count) const {
        return std::ranges::any_of(source_.program.operations(), [&](const Operation& operation) {
            const auto* const initialize = std::get_if<InitializeOperation>(&operation);
            return initialize != nullptr && initialize->wires.targets == count;
        });
    }

    void add_save(std::size_t index, const SaveOperation& save) {
        const auto wires = source_.program.targets(save.wires);
        std::vector<std::int64_t> kept;
        std::vector<std::int32_t> numbers;
        for (std::size_t k = 0; k < wires.size(); ++k) {
            if (number_of(wires[k]) == left_out) continue;
            kept.push_back(static_cast<std::int64_t>(k));
            numbers.push_back(number_of(wires[k]));
        }
        const SaveReducer reducer(save, wires.size(), source_.saved_values.at(save.index()), kept);
        auto payload = std::make_shared<const std::vector<std::int64_t>>(reducer.payload());
        editor_.add(SaveOperation{editor_.wires({}, 0, numbers), std::move(payload)}, source_.origins[index]);
        const bool is_known =
            std::ranges::any_of(frames_, [&](const auto& frame) { return frame.save == save.index(); });
        if (!is_known) frames_.push_back(reducer.frame());
    }

    const RewrittenProgram& source_;
    std::vector<std::int32_t> numbers_;  // of the qubits in what is left
    ProgramEditor editor_;
    std::vector<SaveFrame> frames_;
};

}  // namespace

RewrittenProgram leave_out_known(const RewrittenProgram& source) { return LeaveOut(source).run(); }

}  // namespace ketjet
