#include "emit/conjugation.hpp"

#include <bit>
#include <cmath>

namespace ketjet {

namespace {

bool is_odd(double angle) { return unit_phase(angle).real() < 0; }

Complex direction(Complex z) { return z / std::abs(z); }

// Coefficients that take z to factor * conj(z) on some lanes, and to itself on the others; null if these are all.
template <class T, class Conjugates>
const T* reflection(Complex factor, Conjugates conjugates, const BlockFrame& frame, CallWriter<T>& out) {
    bool any = false;
    const std::size_t lanes = frame.layout().lanes();
    T* const values = out.coefficients(4 * lanes);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        const bool here = conjugates(frame.index_of_lane(lane));
        const Complex by = here ? factor : 1;
        any = any || here;
        values[lane] = static_cast<T>(by.real());
        values[lanes + lane] = values[2 * lanes + lane] = static_cast<T>(by.imag());
        values[3 * lanes + lane] = static_cast<T>(here ? -by.real() : by.real());
    }
    return any ? values : nullptr;
}

}  // namespace

// The bit of the folded qubit chooses between real and imaginary parts.
Conjugation conjugation_of(const DiagonalAction& action, const Fold& fold) {
    const Condition all = action.condition;
    const Index others = ~bit(fold.qubit);
    return {{all.mask & others, all.value & others}, 0, true, (all.value >> fold.qubit & 1) != 0 ? 1.0 : -1.0};
}

Conjugation take_conjugation(PhaseForm& form, const Fold& fold) {
    Conjugation result;
    result.inverted = is_odd(form.linear(fold.qubit));
    for (Index rest = form.partners(fold.qubit); rest != 0; rest &= rest - 1) {
        const int partner = std::countr_zero(rest);
        if (is_odd(form.coupling(fold.qubit, partner))) result.parity_of |= bit(partner);
    }
    form.remove(fold.qubit);
    return result;
}

// With z = s w for the numbers w of the block, conj(z) = s u conj(w), where u = conj(s) / s. If the block holds the
// conjugates of w, these become conj(u) times their conjugates.
template <class T>
void emit_conjugation(const Conjugation& where, BlockFrame& frame, CallWriter<T>& out) {
    if (where.condition.mask == 0 && where.parity_of == 0) {
        if (where.inverted) frame.conjugate();
        return;
    }
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(where.condition);
    const Index odd = layout.positions_of(where.parity_of), odd_lanes = layout.lanes_of(odd);
    const Complex back = std::conj(direction(frame.scale)), u = back * back;
    const Complex factor = where.sign * (frame.fold->conjugated ? std::conj(u) : u);
    const auto conjugates = [&](bool among_odd) {
        return [&, among_odd](Index index) {
            return (parity(index & odd_lanes) != among_odd) != where.inverted && holds(condition.lanes, index);
        };
    };
    const Index among_vectors = layout.vectors_of(odd), pair = lowest_bit(among_vectors);
    const ReflectArgs args{frame.subset(condition.vectors, pair), among_vectors, frame.offset(pair),
                           reflection(factor, conjugates(false), frame, out),
                           reflection(factor, conjugates(true), frame, out)};
    out.add(condition.cold, ReflectCall{args, layout.cold_of(where.parity_of)});
}

void turn_folded(const GivensRotation& rotation, BlockFrame& frame) {
    if (is_odd(rotation.before)) frame.conjugate();
    frame.scale *= unit_phase(rotation.phase) * Complex(rotation.cosine, rotation.sine);
    if (is_odd(rotation.after)) frame.conjugate();
}

FoldedEnd finish_folded(BlockFrame& frame) {
    const FoldedEnd end{frame.fold->conjugated, direction(frame.scale)};
    frame.scale = std::abs(frame.scale);
    return end;
}

template void emit_conjugation<float>(const Conjugation&, BlockFrame&, CallWriter<float>&);
template void emit_conjugation<double>(const Conjugation&, BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
