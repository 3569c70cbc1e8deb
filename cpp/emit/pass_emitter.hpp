// A pass of a sweep as kernel calls, by what it does.
#pragma once

#include <span>

#include "emit/call_writer.hpp"
#include "emit/layer_turn.hpp"
#include "emit/phases.hpp"
#include "emit/sweep_terms.hpp"

namespace ketjet {

template <class T>
class PassEmitter {
 public:
    PassEmitter(SweepTerms& terms, BlockFrame& frame, CallWriter<T>& out) : terms_(terms), frame_(frame), out_(out) {}

    void operator()(const Relabel& pass);
    void operator()(const Layer& layer) {
        const ArenaScope scope(out_.temporaries());
        read_layer(layer, terms_.turns(layer.turns), {});
    }
    void operator()(const Dense& dense) { matrix(dense.term); }
    void operator()(const Single& single) { matrix(single.term); }

    // A layer of which some turns may have a reading. Returns whether the others are read too: with its phases.
    bool read_layer(const Layer& layer, std::span<const LayerTurn> turns, std::span<const DiagonalReading> others);

 private:
    void matrix(const Term& term);

    SweepTerms& terms_;
    BlockFrame& frame_;
    CallWriter<T>& out_;
};

extern template class PassEmitter<float>;
extern template class PassEmitter<double>;

}  // namespace ketjet
