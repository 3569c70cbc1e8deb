// The classical operations of a program while it is written: computations, branches and jumps, and the labels that
// these lead to. A label's place is known before the last jump to it or after; a code may grow until the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace ketjet::qiskit_bridge {

using Code = std::vector<std::int64_t>;

struct Jump {
    std::size_t operation;
    std::int64_t label;  // -1 for a computation
    std::int64_t code;   // the number of what is computed, or decides a branch; -1 for a jump
};

class Jumps {
 public:
    struct Position {
        std::size_t jumps;
        std::size_t labels;
        std::size_t codes;
    };

    Position position() const { return {jumps_.size(), places_.size(), codes_.size()}; }
    void truncate(const Position& position) {
        jumps_.resize(position.jumps);
        places_.resize(position.labels);
        codes_.resize(position.codes);
    }
    std::int64_t new_label() {
        places_.push_back(-1);
        return static_cast<std::int64_t>(places_.size()) - 1;
    }
    void place(std::int64_t label, std::size_t operation) {
        places_[static_cast<std::size_t>(label)] = static_cast<std::int64_t>(operation);
    }
    std::int64_t new_code(Code code) {
        codes_.push_back(std::move(code));
        return static_cast<std::int64_t>(codes_.size()) - 1;
    }
    Code& code(std::int64_t number) { return codes_[static_cast<std::size_t>(number)]; }
    void add(std::size_t operation, std::int64_t label, std::int64_t code) {
        jumps_.push_back({operation, label, code});
    }
    // Appends a stretch once more, so many operations further. Its own labels get new places, jumps out of it lead
    // where they led.
    void repeat(const Position& begin, const Position& end, std::size_t shift) {
        const auto first = static_cast<std::int64_t>(begin.labels), last = static_cast<std::int64_t>(end.labels);
        const std::int64_t label_shift = static_cast<std::int64_t>(places_.size()) - first;
        for (std::size_t i = begin.labels; i < end.labels; ++i) {
            places_.push_back(places_[i] + static_cast<std::int64_t>(shift));
        }
        for (std::size_t i = begin.jumps; i < end.jumps; ++i) {
            Jump jump = jumps_[i];
            jump.operation += shift;
            if (first <= jump.label && jump.label < last) jump.label += label_shift;
            jumps_.push_back(jump);
        }
    }
    // Appends those between two operations of others, so many operations further, with their labels and codes.
    void append(const Jumps& from, std::size_t begin, std::size_t end, std::size_t shift) {
        const auto at = [](const Jump& jump) { return jump.operation; };
        const auto first = std::ranges::lower_bound(from.jumps_, begin, {}, at);
        const auto last = std::ranges::lower_bound(from.jumps_, end, {}, at);
        if (places_.empty()) {
            places_ = from.places_;
            codes_ = from.codes_;
        }
        for (const Jump& jump : std::span(first, last)) {
            jumps_.push_back({jump.operation + shift, jump.label, jump.code});
            if (jump.label < 0) continue;
            const auto label = static_cast<std::size_t>(jump.label);
            places_[label] = from.places_[label] + static_cast<std::int64_t>(shift);
        }
    }
    // Whether nothing is computed, or the jump leads to what comes next anyway.
    bool is_idle(const Jump& jump) const {
        if (jump.label < 0) return codes_[static_cast<std::size_t>(jump.code)].empty();
        return jump.code < 0 && place_of(jump) == jump.operation + 1;
    }
    std::size_t place_of(const Jump& jump) const {
        return static_cast<std::size_t>(places_[static_cast<std::size_t>(jump.label)]);
    }
    const std::vector<Jump>& all() const { return jumps_; }
    const std::vector<std::int64_t>& places() const { return places_; }
    const std::vector<Code>& codes() const { return codes_; }

 private:
    std::vector<Jump> jumps_;
    std::vector<std::int64_t> places_;
    std::vector<Code> codes_;
};

}  // namespace ketjet::qiskit_bridge
