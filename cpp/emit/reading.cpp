#include "emit/reading.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <tuple>
#include <utility>
#include <variant>

namespace ketjet {

namespace {

// A string is i^y X^x Z^z, y the number of its Y. With the signs s of the frame, Z^s string Z^s is the string times
// (-1)^popcount(s & x). Of i^y w, w a sum of products of amplitudes, the wanted part is plus or minus one part of w.
struct Phase {
    bool imaginary;  // of w
    bool negative;
};
Phase phase_of(const PauliString& string, ReadPart part, Index signs) {
    const int y = count_bits(string.x & string.z) % 4;
    const bool odd = y % 2 != 0, flipped = parity(signs & string.x);
    if (part == ReadPart::real) return {odd, flipped != (y == 1 || y == 2)};
    return {!odd, flipped != (y >= 2)};
}

// Strings that one call can read: with equal flips, and conditions met by equal vectors of equal blocks.
auto group_key(const PauliString& string) {
    return std::tuple(string.x, string.condition.mask, string.condition.value);
}

template <class T>
class GroupEmitter {
 public:
    GroupEmitter(std::span<const PauliString> strings, ReadPart part, Bra bra, BlockFrame& frame, CallWriter<T>& out)
        : strings_(strings), part_(part), bra_(bra), frame_(frame), out_(out) {}

    void operator()(std::vector<std::uint32_t> group) {
        const BlockLayout& layout = frame_.layout();
        const PauliString& first = strings_[group.front()];
        const PlacedCondition condition = layout.place(first.condition);
        const Index flip = layout.positions_of(first.x);
        const Index chosen = bra_ == Bra::same_block ? lowest_bit(flip & ~low_bits(widest_lane_bits<T>)) : 0;
        const double pairs = chosen != 0 || bra_ == Bra::partner_block ? 2 : 1;  // read at one of two places
        ReadCall call{};
        call.args.vectors = frame_.subset(condition.vectors, layout.vectors_of(chosen));
        call.args.flip_offset = frame_.offset(layout.vectors_of(flip));
        call.args.lane_flip = static_cast<int>(layout.lanes_of(flip));
        const auto is_real = [&](std::uint32_t k) { return !phase(k).imaginary; };
        const auto imaginary = std::ranges::stable_partition(group, is_real);
        call.args.count = static_cast<int>(group.size());
        call.args.real_count = call.args.count - static_cast<int>(imaginary.size());
        StringSigns* const signs = out_.template take<StringSigns>(group.size());
        ReadSum* const sums = out_.template take<ReadSum>(group.size());
        std::array<const T*, 16> lane_signs{};  // by the lanes of z
        for (std::size_t i = 0; i < group.size(); ++i) {
            const std::uint32_t k = group[i];
            const Index z = layout.positions_of(strings_[k].z), lanes = layout.lanes_of(z);
            if (lane_signs[lanes] == nullptr) {
                lane_signs[lanes] = out_.lane_values(frame_, [&](Index index) {
                    if (!holds(condition.lanes, index)) return 0;
                    return parity(index & lanes) ? -1 : 1;
                });
            }
            signs[i] = {layout.vectors_of(z), lane_signs[lanes]};
            const double factor = pairs * std::norm(frame_.scale);
            sums[i] = {k, layout.cold_of(strings_[k].z), phase(k).negative ? -factor : factor};
        }
        call.args.strings = signs;
        call.sums = {sums, group.size()};
        out_.need_scratch(call.scratch_bytes());
        out_.add(condition.cold, call);
    }

 private:
    Phase phase(std::uint32_t k) const { return phase_of(strings_[k], part_, frame_.signs()); }

    std::span<const PauliString> strings_;
    ReadPart part_;
    Bra bra_;
    BlockFrame& frame_;
    CallWriter<T>& out_;
};

// X or Y alone on vector bits, of which one call can read several.
template <class T>
class AxisEmitter {
 public:
    AxisEmitter(std::span<const PauliString> strings, ReadPart part, Bra bra, BlockFrame& frame, CallWriter<T>& out)
        : strings_(strings), part_(part), bra_(bra), frame_(frame), out_(out) {}

    // Takes those that are such out of the list, unless others that flip the same need a call anyway.
    void take(std::vector<std::uint32_t>& read) {
        Index read_anyway = 0;
        for (const std::uint32_t k : read) {
            if (flips_one(strings_[k]) && !is_on_axis(strings_[k])) read_anyway |= strings_[k].x;
        }
        std::array<std::vector<std::uint32_t>, 2> of_part;  // real, imaginary
        std::array<Index, 2> axes{};                        // of these
        std::vector<std::uint32_t> others;
        for (const std::uint32_t k : read) {
            const Index x = strings_[k].x;
            const std::size_t part = phase(k).imaginary ? 1 : 0;
            const bool takes =
                flips_one(strings_[k]) && is_on_axis(strings_[k]) && (x & (read_anyway | axes[part])) == 0;
            (takes ? of_part[part] : others).push_back(k);
            if (takes) axes[part] |= x;
        }
        read = std::move(others);
        for (std::span<const std::uint32_t> rest : of_part) {
            while (!rest.empty()) {
                const std::size_t count = std::min<std::size_t>(rest.size(), max_read_axes);
                emit(rest.first(count));
                rest = rest.subspan(count);
            }
        }
    }

 private:
    static bool flips_one(const PauliString& string) { return count_bits(string.x) == 1 && string.condition.mask == 0; }
    bool is_on_axis(const PauliString& string) const {
        return (string.z & ~string.x) == 0 &&
               frame_.layout().position(std::countr_zero(string.x)) >= widest_lane_bits<T>;
    }
    Phase phase(std::uint32_t k) const { return phase_of(strings_[k], part_, frame_.signs()); }

    void emit(std::span<const std::uint32_t> group) {
        const BlockLayout& layout = frame_.layout();
        AxisReadCall call{};
        ReadSum* const sums = out_.template take<ReadSum>(group.size());
        Index axes = 0;
        for (std::size_t i = 0; i < group.size(); ++i) {
            const Index axis = layout.vectors_of(layout.positions_of(strings_[group[i]].x));
            const double factor = (bra_ == Bra::same_block ? 2 : 1) * std::norm(frame_.scale);
            call.args.axis_offsets[i] = frame_.offset(axis);
            sums[i] = {group[i], 0, phase(group[i]).negative ? -factor : factor};
            axes |= axis;
        }
        call.args.vectors = frame_.subset({}, axes);
        call.args.axes = static_cast<int>(group.size());
        call.args.imaginary = phase(group.front()).imaginary;
        call.sums = {sums, group.size()};
        out_.add({}, call);
    }

    std::span<const PauliString> strings_;
    ReadPart part_;
    Bra bra_;
    BlockFrame& frame_;
    CallWriter<T>& out_;
};

// Whether strings on axes have calls of their own: for these kernels know the real part of a state's products with
// itself, and the imaginary part of those with another state.
bool reads_axes(ReadPart part, Bra bra) { return bra == (part == ReadPart::real ? Bra::same_block : Bra::other_state); }

}  // namespace

template <class T>
void emit_reading(std::span<const PauliString> strings, std::span<const std::uint32_t> read, ReadPart part, Bra bra,
                  BlockFrame& frame, CallWriter<T>& out) {
    std::vector<std::uint32_t> sorted(read.begin(), read.end());
    if (reads_axes(part, bra)) AxisEmitter<T>(strings, part, bra, frame, out).take(sorted);
    const auto key = [&](std::uint32_t k) { return group_key(strings[k]); };
    std::ranges::stable_sort(sorted, {}, key);
    GroupEmitter<T> emit(strings, part, bra, frame, out);
    for (auto begin = sorted.begin(); begin != sorted.end();) {
        const auto end = std::find_if(begin, sorted.end(), [&](std::uint32_t k) { return key(k) != key(*begin); });
        emit({begin, end});
        begin = end;
    }
}

void finish_readings(BoundSweep& sweep) {
    for (BoundCall& call : sweep.calls) {
        std::span<ReadSum> sums;
        if (auto* const reading = std::get_if<ReadCall>(&call.call)) sums = reading->sums;
        if (auto* const reading = std::get_if<AxisReadCall>(&call.call)) sums = reading->sums;
        if (auto* const reading = std::get_if<ReadTurnCall>(&call.call)) sums = reading->sums;
        if (auto* const reading = std::get_if<ReadPhaseCall>(&call.call)) sums = reading->sums;
        for (ReadSum& sum : sums) sum.factor /= std::norm(sweep.scale);
    }
}

template void emit_reading<float>(std::span<const PauliString>, std::span<const std::uint32_t>, ReadPart, Bra,
                                  BlockFrame&, CallWriter<float>&);
template void emit_reading<double>(std::span<const PauliString>, std::span<const std::uint32_t>, ReadPart, Bra,
                                   BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
