// X, Z, CX and SWAP by bookkeeping in the frame as far as possible; what is left is moved by the exchange kernel.
#pragma once

#include "emit/call_writer.hpp"
#include "program/action.hpp"

namespace ketjet {

// Takes actions one after another, each of them a flip with at most one control, a SWAP without any, or a Z. CX gates
// that follow each other on one control are done together.
template <class T>
class Relabelling {
 public:
    Relabelling(BlockFrame& frame, CallWriter<T>& out) : frame_(frame), out_(out) {}

    void add(const Action& action);
    // After the last one.
    void finish();

 private:
    BlockFrame& frame_;
    CallWriter<T>& out_;
    FlipAction flips_{};  // not yet done
};

extern template class Relabelling<float>;
extern template class Relabelling<double>;

// A SWAP without controls.
template <class T>
void relabel(const SwapAction& action, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
