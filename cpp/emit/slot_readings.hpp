// What is read on the way back through a sweep for the derivatives by a program's slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emit/call_writer.hpp"
#include "emit/phases.hpp"
#include "program/derivative.hpp"

namespace ketjet {

// Strings are read of the states as they are at one place among the passes of a sweep; each has a sum of its own, which
// have numbers in the order in which they are added.
class SlotReadings {
 public:
    // The first number is that behind `others`, which belong to somebody else.
    explicit SlotReadings(std::size_t others) : strings_(others) {}

    // To be read at the present place, or behind the pass that follows it.
    void add(Derivative derivative) { add_at(present_, derivative); }
    void add_behind(Derivative derivative) { behind_.push_back(std::move(derivative)); }
    // One string that somebody else reads; returns the number of its sum.
    std::uint32_t add_apart(std::uint32_t slot, const PauliTerm& term);

    // The present place is where the calls of the sweep have come to.
    template <class T>
    void emit(BlockFrame& frame, CallWriter<T>& out);
    // The pass that follows can read diagonal strings: takes out those that were to be read behind it.
    std::vector<DiagonalReading> take_diagonal();
    // It has not done so.
    void give_back(std::span<const DiagonalReading> readings);
    // That pass is over.
    void go_on();

    // Of all sums together.
    std::size_t count() const { return strings_.size(); }
    std::vector<SlotShare> take_shares() { return std::move(shares_); }

 private:
    void add_at(std::vector<std::uint32_t>& place, const Derivative& derivative);

    std::vector<PauliString> strings_;
    std::vector<std::uint32_t> present_;  // to be read there, in the order of the strings
    std::vector<Derivative> behind_;
    std::vector<SlotShare> shares_;
};

}  // namespace ketjet
