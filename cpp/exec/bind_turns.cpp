// Turns of one-qubit planes: angles are brought into [-pi/4, pi/4] by an X in the frame, so that tangents stay below 1;
// the cosines go into the common factor.
#include <algorithm>
#include <limits>
#include <numbers>

#include "exec/block_binder.hpp"

namespace ketjet {

namespace {

// The common factor is applied at the latest when it has become as small as this, far from underflow.
template <class T>
constexpr double smallest_scale = sizeof(T) == 4 ? 0x1p-60 : 0x1p-500;

}  // namespace

// Puts all but the tangent into the frame.
template <class T>
double BlockBinder<T>::prepare_turn(const QubitTurn& turn) {
    auto [phase, before, after, cosine, sine, imaginary] = turn.turn;
    frame_.scale *= unit_phase(phase);
    if (before != 0) frame_.toggle_sign(turn.qubit);
    if (std::abs(sine) > std::abs(cosine)) {  // R(a) = R(a - pi/2) R(pi/2), and R(pi/2) is XZ, or -iX if imaginary
        if (imaginary) {
            frame_.scale *= Complex(0, -1);
        } else {
            frame_.toggle_sign(turn.qubit);
        }
        frame_.flip(turn.qubit);
        const double old = cosine;
        cosine = sine;
        sine = -old;
    }
    frame_.scale *= cosine;
    const double tangent = (imaginary ? sine : -sine) / cosine * (frame_.has_sign(turn.qubit) ? -1 : 1);
    if (after != 0) frame_.toggle_sign(turn.qubit);
    return tangent;
}

template <class T>
void BlockBinder<T>::add_turns(std::vector<QubitTurn> turns) {
    std::ranges::sort(turns, {}, [&](const QubitTurn& turn) { return position(turn.qubit); });
    std::vector<double> tangents;
    for (const QubitTurn& turn : turns) tangents.push_back(prepare_turn(turn));
    TurnArgs lane_args{};
    std::size_t first_axis = 0;
    for (; first_axis < turns.size() && !frame_.is_vector(turns[first_axis].qubit); ++first_axis) {
        lane_args.lane_mask |= 1 << position(turns[first_axis].qubit);
        if (turns[first_axis].turn.imaginary) lane_args.imaginary_lanes |= 1 << position(turns[first_axis].qubit);
    }
    if (lane_args.lane_mask != 0) {
        T* const values = take_coefficients(static_cast<std::size_t>(frame_.lane_bits()) * lanes());
        for (std::size_t i = 0; i < first_axis; ++i) {
            const int p = position(turns[i].qubit);
            for (std::size_t lane = 0; lane < lanes(); ++lane) {
                const bool second = (meaning(lane) >> p & 1) != 0 && !turns[i].turn.imaginary;
                values[static_cast<std::size_t>(p) * lanes() + lane] =
                    static_cast<T>(second ? -tangents[i] : tangents[i]);
            }
        }
        lane_args.lane_tangents = values;
    }
    const std::span<const QubitTurn> axes = std::span(turns).subspan(first_axis);
    emit_turns(axes, std::span(tangents).subspan(first_axis), lane_args);
    if (std::abs(frame_.scale) < smallest_scale<T>) flush_scale();
}

// As few calls as the registers allow, of even size; the lanes go with the first one.
template <class T>
void BlockBinder<T>::emit_turns(std::span<const QubitTurn> axes, std::span<const double> tangents, TurnArgs args) {
    const std::size_t most = static_cast<std::size_t>(kernels_.max_turn_axes);
    const std::size_t calls = std::max<std::size_t>(1, (axes.size() + most - 1) / most);
    for (std::size_t call = 0, done = 0; call < calls; ++call) {
        const std::size_t count = (axes.size() - done + (calls - call) - 1) / (calls - call);
        args.axes = static_cast<int>(count);
        args.imaginary_axes = 0;
        Index axis_mask = 0;
        for (std::size_t a = 0; a < count; ++a) {
            const Index axis = bit(position(axes[done + a].qubit) - frame_.lane_bits());
            axis_mask |= axis;
            args.axis_offsets[a] = frame_.offset(axis);
            args.tangents[a] = tangents[done + a];
            if (axes[done + a].turn.imaginary) args.imaginary_axes |= 1 << a;
        }
        args.vectors = subset({}, axis_mask);
        bound_.passes.push_back({{}, 0, 0, args});
        args.lane_mask = args.imaginary_lanes = 0;
        done += count;
    }
}

template <class T>
void BlockBinder<T>::flush_scale() {
    (*this)(DiagonalAction{{}, {}, {frame_.scale}});
    frame_.scale = 1;
}

#define KETJET_INSTANTIATE(T)                                                                                \
    template double BlockBinder<T>::prepare_turn(const QubitTurn&);                                          \
    template void BlockBinder<T>::add_turns(std::vector<QubitTurn>);                                         \
    template void BlockBinder<T>::emit_turns(std::span<const QubitTurn>, std::span<const double>, TurnArgs); \
    template void BlockBinder<T>::flush_scale();
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
