#include "emit/rotation.hpp"

#include <cmath>

namespace ketjet {

template <class T>
void emit_rotation(const RotationAction& action, BlockFrame& frame, CallWriter<T>& out) {
    const BlockLayout& layout = frame.layout();
    const PlacedCondition condition = layout.place(action.condition);
    const Index flip = layout.positions_of(action.x_mask), sign = layout.positions_of(action.z_mask);
    const std::size_t lanes = layout.lanes();
    RotationCall call{{}, layout.cold_of(action.z_mask), nullptr, nullptr};
    RotationArgs& args = call.args;
    args.vector_flip = layout.vectors_of(flip);
    args.flip_offset = frame.offset(args.vector_flip);
    args.lane_flip = static_cast<int>(layout.lanes_of(flip));
    args.sign_mask = layout.vectors_of(sign);
    args.vectors = frame.subset(condition.vectors, lowest_bit(args.vector_flip));
    // The weight of the partner is sin(angle/2) (-i)^(number of Y + 1), with a sign per basis state.
    const int power = (count_bits(action.x_mask & action.z_mask) + 1) % 4;
    args.imaginary = power % 2 == 1;
    const double sine = std::sin(action.angle / 2);
    const double weight =
        sine * (power == 1 || power == 2 ? -1.0 : 1.0) * (parity(action.x_mask & frame.signs()) ? -1.0 : 1.0);
    const double second_sign = parity(args.vector_flip & args.sign_mask) ? -1.0 : 1.0;
    T* const values = out.coefficients(5 * lanes);  // cosine; first, second; the same two negated
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        const Index index = frame.index_of_lane(lane);
        const bool active = holds(condition.lanes, index);
        const double first = active ? (parity(index & sign) ? -weight : weight) : 0.0;
        values[lane] = static_cast<T>(active ? std::cos(action.angle / 2) : 1.0);
        values[lanes + lane] = static_cast<T>(first);
        values[2 * lanes + lane] = static_cast<T>(first * second_sign);
        values[3 * lanes + lane] = static_cast<T>(-first);
        values[4 * lanes + lane] = static_cast<T>(-first * second_sign);
    }
    args.cosine = values;
    args.first = values + lanes;
    args.second = values + 2 * lanes;
    call.negated_first = values + 3 * lanes;
    call.negated_second = values + 4 * lanes;
    out.add(condition.cold, call);
}

template void emit_rotation<float>(const RotationAction&, BlockFrame&, CallWriter<float>&);
template void emit_rotation<double>(const RotationAction&, BlockFrame&, CallWriter<double>&);

}  // namespace ketjet
