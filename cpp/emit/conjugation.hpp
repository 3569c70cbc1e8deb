// What happens on the qubit along which a sweep is folded. A pair of amplitudes is a complex number z there: a turn by
// a multiplies it by e^{ia}, Z conjugates it, X takes it to i conj(z). Where that is the same for all numbers of the
// block it goes into the frame; only a Z with controls touches amplitudes, by the reflect kernel. All other operations
// of the sweep are real, and so commute with that.
#pragma once

#include "emit/call_writer.hpp"
#include "emit/phase_form.hpp"
#include "program/action.hpp"
#include "program/givens_rotation.hpp"

namespace ketjet {

// The basis states whose amplitudes are conjugated: where the condition holds and the parity of some qubits' bits is
// odd, or even if `inverted`. Then they are multiplied by a sign.
struct Conjugation {
    Condition condition{};
    Index parity_of = 0;
    bool inverted = false;
    double sign = 1;
};

// Of a sign where all bits of a condition are as they should be, among them that of the folded qubit.
Conjugation conjugation_of(const DiagonalAction& action, const Fold& fold);

// Takes the terms of the folded qubit, all of which are signs, out of a form.
Conjugation take_conjugation(PhaseForm& form, const Fold& fold);

template <class T>
void emit_conjugation(const Conjugation& where, BlockFrame& frame, CallWriter<T>& out);

// Turns the folded qubit.
void turn_folded(const GivensRotation& rotation, BlockFrame& frame);

// How numbers are scattered at last: applies what the scale holds beside a real factor.
FoldedEnd finish_folded(BlockFrame& frame);

}  // namespace ketjet
