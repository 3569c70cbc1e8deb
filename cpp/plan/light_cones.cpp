// A product of Paulis is taken back through the program, operation by operation. What has become of it acts on some
// qubits, and moves amplitudes along some of these; along the others it is diagonal. An operation cancels if it is
// diagonal on all of these qubits that it touches, and the product along them too, whatever the operation does to other
// qubits. One that does not cancel makes the product act on all its qubits, and move amplitudes where it does itself.
#include "plan/light_cones.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <utility>

#include "program/roles.hpp"

namespace ketjet {

namespace {

// Qubits of a program of any width.
class QubitSet {
 public:
    explicit QubitSet(std::span<const std::uint64_t> words) : words_(words.begin(), words.end()) {}

    bool has(std::int32_t qubit) const { return (words_[word(qubit)] >> (qubit % 64) & 1) != 0; }
    void add(std::int32_t qubit) { words_[word(qubit)] |= std::uint64_t{1} << (qubit % 64); }
    void add(const QubitSet& other) { std::ranges::transform(words_, other.words_, words_.begin(), std::bit_or()); }
    int size() const { return size_with(*this); }
    int size_with(const QubitSet& other) const {
        int result = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) result += std::popcount(words_[i] | other.words_[i]);
        return result;
    }
    std::int32_t end() const {
        for (std::size_t i = words_.size(); i-- > 0;) {
            if (words_[i] != 0)
                return static_cast<std::int32_t>(64 * i + static_cast<std::size_t>(std::bit_width(words_[i])));
        }
        return 0;
    }
    std::vector<std::int32_t> listed() const {
        std::vector<std::int32_t> result;
        for (std::int32_t qubit = 0; qubit < end(); ++qubit) {
            if (has(qubit)) result.push_back(qubit);
        }
        return result;
    }
    auto operator<=>(const QubitSet&) const = default;

 private:
    static std::size_t word(std::int32_t qubit) { return static_cast<std::size_t>(qubit / 64); }

    std::vector<std::uint64_t> words_;
};

// What operations do to qubits, one after the other.
class AllRoles {
 public:
    explicit AllRoles(const Program& program) {
        std::vector<WireRole> roles;
        std::vector<bool> touched(static_cast<std::size_t>(program.num_qubits()));
        for (const Operation& operation : program.operations()) {
            wire_roles(program, operation, roles);
            if (!roles.empty()) complete(program, operation, roles);
            const bool prepares = std::holds_alternative<InitializeOperation>(operation);
            for (const WireRole& role : roles) {
                const auto qubit = static_cast<std::size_t>(role.qubit);
                if (prepares && touched[qubit]) straight_ = false;
                touched[qubit] = true;
            }
            if (!prepares && !is_unitary(operation)) straight_ = false;
            roles_.insert(roles_.end(), roles.begin(), roles.end());
            begins_.push_back(roles_.size());
        }
    }

    // False if an operation measures, resets, branches, saves, or prepares qubits that others have acted on.
    bool straight() const { return straight_; }
    std::uint32_t count() const { return static_cast<std::uint32_t>(begins_.size() - 1); }
    std::span<const WireRole> of(std::uint32_t operation) const {
        return std::span(roles_).subspan(begins_[operation], begins_[operation + 1] - begins_[operation]);
    }

 private:
    // Wires that an operation leaves alone, as fixed points of a permutation, count as those it is diagonal on.
    static void complete(const Program& program, const Operation& operation, std::vector<WireRole>& roles) {
        const Wires* const wires = wires_of(operation);
        if (wires == nullptr) return;
        for (const std::int32_t qubit : program.targets(*wires)) {
            if (std::ranges::find(roles, qubit, &WireRole::qubit) == roles.end()) roles.push_back({qubit, false});
        }
    }

    std::vector<WireRole> roles_;
    std::vector<std::size_t> begins_{0};
    bool straight_ = true;
};

struct Cone {
    QubitSet qubits;
    std::vector<std::uint32_t> operations;
    std::vector<std::int64_t> strings;
    int largest = 0;  // of the cones that it is made of
};

Cone cone_of(const AllRoles& roles, QubitSet moved, QubitSet qubits, std::vector<std::int64_t> strings) {
    std::vector<std::uint32_t> operations;
    for (std::uint32_t operation = roles.count(); operation-- > 0;) {
        const bool acts = std::ranges::any_of(roles.of(operation), [&](const WireRole& role) {
            return role.local ? qubits.has(role.qubit) : moved.has(role.qubit);
        });
        if (!acts) continue;
        for (const WireRole& role : roles.of(operation)) {
            qubits.add(role.qubit);
            if (role.local) moved.add(role.qubit);
        }
        operations.push_back(operation);
    }
    std::ranges::reverse(operations);
    const int size = qubits.size();
    return {std::move(qubits), std::move(operations), std::move(strings), size};
}

// Operations times amplitudes of a cone, where the whole program has one amplitude.
double work_of(std::size_t operations, int qubits, const Program& program) {
    return std::ldexp(static_cast<double>(operations), qubits - program.num_qubits());
}

void join(Cone& cone, const Cone& other) {
    cone.qubits.add(other.qubits);
    std::vector<std::uint32_t> operations;
    std::ranges::set_union(cone.operations, other.operations, std::back_inserter(operations));
    cone.operations = std::move(operations);
    cone.strings.insert(cone.strings.end(), other.strings.begin(), other.strings.end());
}

// Larger cones first, each joins the one that it makes the least larger.
std::vector<Cone> joined(std::vector<Cone> cones) {
    std::ranges::stable_sort(cones, std::greater(), &Cone::largest);
    std::vector<Cone> result;
    for (Cone& cone : cones) {
        Cone* best = nullptr;
        int least = 0;
        for (Cone& other : result) {
            const int size = other.qubits.size_with(cone.qubits);
            const int grown = size - other.qubits.size();
            if (size > other.largest + 1 || (best != nullptr && grown >= least)) continue;
            best = &other;
            least = grown;
        }
        if (best != nullptr) {
            join(*best, cone);
        } else {
            result.push_back(std::move(cone));
        }
    }
    return result;
}

// Which string acts on most qubits.
std::size_t widest(const StringMasks& strings) {
    std::size_t result = 0;
    int most = -1, width = 0;
    for (std::size_t i = 0; i < strings.moved.size(); ++i) {
        width += std::popcount(strings.moved[i] | strings.kept[i]);
        if ((i + 1) % strings.words != 0) continue;
        if (width > most) {
            most = width;
            result = i / strings.words;
        }
        width = 0;
    }
    return result;
}

}  // namespace

std::optional<std::vector<LightCone>> light_cones(const Program& program, const StringMasks& strings,
                                                  double max_share) {
    if (strings.moved.size() != strings.kept.size() ||
        64 * strings.words < static_cast<std::size_t>(program.num_qubits())) {
        throw std::invalid_argument("the masks of strings do not fit together, or the program");
    }
    const AllRoles roles(program);
    if (!roles.straight()) return std::nullopt;
    const double max_work = max_share * work_of(program.operations().size(), program.num_qubits(), program);
    const std::size_t count = strings.words == 0 ? 0 : strings.moved.size() / strings.words;
    const auto support_of = [&](std::size_t string) {  // moved qubits, and all
        const QubitSet moved(strings.moved.subspan(string * strings.words, strings.words));
        QubitSet all(strings.kept.subspan(string * strings.words, strings.words));
        all.add(moved);
        if (all.end() > program.num_qubits()) throw std::invalid_argument("a string acts on qubits that are not there");
        return std::pair(moved, std::move(all));
    };
    if (count > 0) {  // what one cone takes, all take at least
        auto [moved, all] = support_of(widest(strings));
        const Cone cone = cone_of(roles, std::move(moved), std::move(all), {});
        if (work_of(cone.operations.size(), cone.largest, program) >= max_work) return std::nullopt;
    }
    std::map<std::pair<QubitSet, QubitSet>, std::vector<std::int64_t>> of_supports;
    for (std::size_t i = 0; i < count; ++i) of_supports[support_of(i)].push_back(static_cast<std::int64_t>(i));
    std::vector<Cone> cones;
    for (auto& [support, numbers] : of_supports) {
        cones.push_back(cone_of(roles, support.first, support.second, std::move(numbers)));
    }
    std::vector<LightCone> result;
    double work = 0;
    for (Cone& cone : joined(std::move(cones))) {
        std::ranges::sort(cone.strings);
        work += work_of(cone.operations.size(), cone.qubits.size(), program);
        result.push_back({cone.qubits.listed(), std::move(cone.operations), std::move(cone.strings)});
    }
    if (work >= max_work) return std::nullopt;
    return result;
}

ProgramPart part_of(const Program& program, const LightCone& cone) {
    const PackedProgram& whole = program.source();
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(program.num_qubits()), -1);
    for (std::size_t i = 0; i < cone.qubits.size(); ++i) {
        numbers[static_cast<std::size_t>(cone.qubits[i])] = static_cast<std::int32_t>(i);
    }
    PackedProgram part;
    part.num_qubits = static_cast<std::int32_t>(cone.qubits.size());
    part.wire_begin = part.slot_begin = {0};
    std::vector<std::int64_t> slots;
    for (const std::uint32_t i : cone.operations) {
        part.codes.push_back(whole.codes[i]);
        part.num_controls.push_back(whole.num_controls[i]);
        part.control_state.push_back(whole.control_state[i]);
        for (std::uint32_t wire = whole.wire_begin[i]; wire < whole.wire_begin[i + 1]; ++wire) {
            part.wires.push_back(numbers[static_cast<std::size_t>(whole.wires[wire])]);
        }
        part.wire_begin.push_back(static_cast<std::uint32_t>(part.wires.size()));
        for (std::uint32_t slot = whole.slot_begin[i]; slot < whole.slot_begin[i + 1]; ++slot) {
            part.slots.push_back(program.slots()[slot]);
            slots.push_back(slot);
        }
        part.slot_begin.push_back(static_cast<std::uint32_t>(part.slots.size()));
        std::int64_t operand = whole.operand[i];  // of what a cone has, always a payload
        if (operand >= 0) {
            part.payloads.push_back(whole.payloads[static_cast<std::size_t>(operand)]);
            operand = static_cast<std::int64_t>(part.payloads.size()) - 1;
        }
        part.operand.push_back(operand);
    }
    return {Program(std::move(part)), std::move(slots)};
}

}  // namespace ketjet
