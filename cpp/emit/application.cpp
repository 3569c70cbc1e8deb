// Strings that flip the same qubits take amplitude y ^ x to y, times a number: the sum of their coefficients with signs
// by y.
#include "emit/application.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace ketjet {

namespace {

// Strings with equal flips and conditions; those with real coefficients come first.
struct Group {
    PauliString first;
    std::vector<std::pair<Index, double>> real, imaginary;  // Z, and what has these signs

    // Adds a coefficient times (-i)^y X^x Z^z, y the number of Y: with signs by where an amplitude comes to lie.
    void add(const PauliString& string, double coefficient) {
        const int y = count_bits(string.x & string.z) % 4;
        (y % 2 == 0 ? real : imaginary).emplace_back(string.z, y == 1 || y == 2 ? -coefficient : coefficient);
    }
};

constexpr int tile_bits = 3;

// In an order that depends on the block alone: groups that flip the same lanes follow each other.
template <class T>
std::vector<Group> groups_of(const Application& sum, const BlockLayout& layout) {
    constexpr Index lanes = low_bits(leaf_bits);
    std::map<std::tuple<Index, Index, Index, Index>, Group> groups;
    for (const std::uint32_t k : sum.applied) {
        const PauliString& string = sum.strings[k];
        const Index x = layout.positions_of(string.x);
        Group& group = groups[{x & lanes, x, string.condition.mask, string.condition.value}];
        group.first = string;
        group.add(string, sum.coefficients[k]);
    }
    // Strings by where they differ within a tile of the kernel.
    const auto in_tile = [&](const std::pair<Index, double>& part) {
        return layout.positions_of(part.first) >> widest_lane_bits<T> & low_bits(tile_bits);
    };
    std::vector<Group> result;
    for (auto& [key, group] : groups) {
        std::ranges::stable_sort(group.real, {}, in_tile);
        std::ranges::stable_sort(group.imaginary, {}, in_tile);
        result.push_back(std::move(group));
    }
    return result;
}

template <class T>
class ApplicationEmitter {
 public:
    ApplicationEmitter(BlockFrame& frame, CallWriter<T>& out) : frame_(frame), layout_(frame.layout()), out_(out) {}

    void operator()(const std::vector<Group>& groups, std::size_t bra) {
        std::size_t count = 0;
        for (const Group& group : groups) count += group.real.size() + group.imaginary.size();
        auto* const strings = out_.template take<WeightedSigns>(count);
        auto* const cold_signs = out_.template take<Index>(count);
        auto* const args = out_.template take<PauliGroup>(groups.size());
        auto* const conditions = out_.template take<Condition>(groups.size());
        std::size_t done = 0;
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const Group& group = groups[g];
            const PlacedCondition condition = layout_.place(group.first.condition);
            const Index flip = layout_.positions_of(group.first.x);
            conditions[g] = condition.cold;
            args[g] = {condition.vectors.mask,
                       condition.vectors.value,
                       frame_.offset(layout_.vectors_of(flip)),
                       static_cast<int>(layout_.lanes_of(flip)),
                       strings + done,
                       static_cast<int>(group.real.size()),
                       static_cast<int>(group.real.size() + group.imaginary.size())};
            for (const auto* const part : {&group.real, &group.imaginary}) {
                for (const auto& [z, coefficient] : *part) {
                    const Index positions = layout_.positions_of(z);
                    strings[done] = {layout_.vectors_of(positions),
                                     lane_signs(condition.lanes, layout_.lanes_of(positions)), coefficient};
                    cold_signs[done++] = layout_.cold_of(z);
                }
            }
        }
        ApplyCall call{{frame_.subset({}), nullptr, args, static_cast<int>(groups.size())},
                       {conditions, groups.size()},
                       {cold_signs, count},
                       bra};
        out_.need_scratch(call.scratch_bytes());
        out_.add({}, call);
    }

 private:
    const T* lane_signs(const Condition& condition, Index z) {
        const T*& signs = lane_signs_[{condition.mask, condition.value, z}];
        if (signs == nullptr) {
            signs = out_.lane_values(frame_, [&](Index index) {
                if (!holds(condition, index)) return 0;
                return parity(index & z) ? -1 : 1;
            });
        }
        return signs;
    }

    BlockFrame& frame_;
    const BlockLayout& layout_;
    CallWriter<T>& out_;
    std::map<std::tuple<Index, Index, Index>, const T*> lane_signs_;
};

}  // namespace

template <class T>
void emit_application(const Application& sum, std::size_t bra, BlockFrame& frame, CallWriter<T>& out) {
    if (sum.applied.empty()) return;
    ApplicationEmitter<T>(frame, out)(groups_of<T>(sum, frame.layout()), bra);
}

template void emit_application<float>(const Application&, std::size_t, BlockFrame&, CallWriter<float>&);
template void emit_application<double>(const Application&, std::size_t, BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
