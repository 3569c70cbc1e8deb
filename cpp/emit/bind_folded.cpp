// What happens on the qubit along which a sweep is folded. A pair of amplitudes is a complex number z there: a turn by
// a multiplies it by e^{ia}, Z conjugates it, X takes it to i conj(z). Where that is the same for all numbers of the
// block it goes into the scale; only a Z with controls touches amplitudes. All other operations of the sweep are real,
// and so commute with that.
#include <cmath>
#include <map>
#include <utility>

#include "emit/block_binder.hpp"

namespace ketjet {

namespace {

bool is_odd(double angle) { return unit_phase(angle).real() < 0; }

Complex direction(Complex z) { return z / std::abs(z); }

}  // namespace

template <class T>
void BlockBinder<T>::conjugate() {
    frame_.scale = std::conj(frame_.scale);
    conjugated_ = !conjugated_;
}

template <class T>
void BlockBinder<T>::flip_folded() {
    conjugate();
    frame_.scale *= Complex(0, 1);
}

template <class T>
void BlockBinder<T>::turn_folded(const GivensRotation& turn) {
    if (is_odd(turn.before)) conjugate();
    frame_.scale *= unit_phase(turn.phase) * Complex(turn.cosine, turn.sine);
    if (is_odd(turn.after)) conjugate();
}

// Takes the terms of the folded qubit out of a form: all of them are signs.
template <class T>
Conjugation BlockBinder<T>::take_conjugation(PhaseForm& form) const {
    Conjugation result;
    if (folded_ < 0) return result;
    result.inverted = is_odd(std::exchange(form.linear[static_cast<std::size_t>(folded_)], 0));
    std::erase_if(form.quadratic, [&](const auto& term) {
        const auto& [qubits, angle] = term;
        const bool takes = is_folded(qubits.first) || is_folded(qubits.second);
        if (takes && is_odd(angle)) result.parity_of ^= bit(qubits.first) ^ bit(qubits.second) ^ bit(folded_);
        return takes;
    });
    return result;
}

// A sign where all bits of a condition are as they should be: also that of the folded qubit, which chooses between real
// and imaginary parts.
template <class T>
void BlockBinder<T>::conjugate_by(const DiagonalAction& action) {
    const Condition all = action.condition;
    const double sign = (all.value >> folded_ & 1) != 0 ? 1 : -1;
    conjugate({{all.mask & ~bit(folded_), all.value & ~bit(folded_)}, 0, true, sign});
}

// With z = s w for the numbers w of the block, conj(z) = s u conj(w), where u = conj(s) / s. If the block holds the
// conjugates of w, these become conj(u) times their conjugates.
template <class T>
void BlockBinder<T>::conjugate(const Conjugation& where) {
    if (where.condition.mask == 0 && where.parity_of == 0) {
        if (where.inverted) conjugate();
        return;
    }
    const PlacedCondition condition = place(where.condition);
    const Index odd = local({where.parity_of, 0}).mask;
    const Complex back = std::conj(direction(frame_.scale)), u = back * back;
    const Complex factor = where.sign * (conjugated_ ? std::conj(u) : u);
    const auto conjugates = [&](bool among_odd) {
        return [&, among_odd](Index lane) {
            return (parity(lane & odd & low_bits(frame_.lane_bits())) != among_odd) != where.inverted &&
                   holds(condition.lanes, lane);
        };
    };
    const Index among_vectors = odd >> frame_.lane_bits(), pair = lowest_bit(among_vectors);
    const ReflectArgs args{subset(condition.vectors, pair), among_vectors, frame_.offset(pair),
                           reflection(factor, conjugates(false)), reflection(factor, conjugates(true))};
    bound_.passes.push_back({condition.cold, cold_part(where.parity_of), 0, args});
}

// Coefficients that take z to factor * conj(z) on some lanes, and to itself on the others; null if these are all.
template <class T>
template <class Conjugates>
const T* BlockBinder<T>::reflection(Complex factor, Conjugates conjugates) {
    bool any = false;
    T* const out = take_coefficients(4 * lanes());
    for (std::size_t lane = 0; lane < lanes(); ++lane) {
        const bool here = conjugates(meaning(lane));
        const Complex by = here ? factor : 1;
        any = any || here;
        out[lane] = static_cast<T>(by.real());
        out[lanes() + lane] = out[2 * lanes() + lane] = static_cast<T>(by.imag());
        out[3 * lanes() + lane] = static_cast<T>(here ? -by.real() : by.real());
    }
    return any ? out : nullptr;
}

// What the scale holds beside a real factor is applied while scattering.
template <class T>
void BlockBinder<T>::finish_folded() {
    bound_.end_scale = direction(frame_.scale);
    bound_.conjugates = conjugated_;
    frame_.scale = std::abs(frame_.scale);
}

#define KETJET_INSTANTIATE(T)                                                \
    template void BlockBinder<T>::conjugate();                               \
    template void BlockBinder<T>::flip_folded();                             \
    template void BlockBinder<T>::turn_folded(const GivensRotation&);        \
    template Conjugation BlockBinder<T>::take_conjugation(PhaseForm&) const; \
    template void BlockBinder<T>::conjugate(const Conjugation&);             \
    template void BlockBinder<T>::conjugate_by(const DiagonalAction&);       \
    template void BlockBinder<T>::finish_folded();
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
