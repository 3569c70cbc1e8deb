// What is read on the way back through a sweep for the derivatives by a program's slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "emit/call_writer.hpp"
#include "program/derivative.hpp"

namespace ketjet {

// Strings are read of the states as they are at one place among the passes of a sweep; each has a sum of its own, in
// the order in which they are added.
class SlotReadings {
 public:
    // What the derivatives take is to be read at the present place.
    void add(std::span<const Derivative> derivatives);
    // The present place is where the calls of the sweep have come to; those that are added from now on belong to a
    // later one.
    template <class T>
    void emit(BlockFrame& frame, CallWriter<T>& out);

    // Of all strings together.
    std::size_t count() const { return strings_.size(); }
    std::vector<SlotShare> take_shares() { return std::move(shares_); }

 private:
    std::vector<PauliString> strings_;
    std::size_t emitted_ = 0;                                                  // the first of them
    std::map<std::tuple<Index, Index, Index, Index>, std::uint32_t> numbers_;  // of the present place
    std::vector<SlotShare> shares_;
};

}  // namespace ketjet
