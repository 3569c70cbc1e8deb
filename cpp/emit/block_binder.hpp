// Turns actions, turns and phases on qubits into kernel calls on lanes, vector bits and cold bits of a block, and keeps
// the frame that the calls are to be read in. One object binds one sweep, pass after pass.
#pragma once

#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "emit/block_frame.hpp"
#include "emit/bound_sweep.hpp"
#include "emit/givens_rotation.hpp"
#include "emit/phase_form.hpp"

namespace ketjet {

// A condition taken apart by where its bits live in the block.
struct PlacedCondition {
    Condition cold;
    Condition vectors;
    Condition lanes;
};

struct PhaseRows;
struct PlacedForm;  // a PhaseForm by positions in the block

// The basis states whose amplitudes are conjugated: where the condition holds and the parity of some qubits' bits is
// odd, or even if `inverted`. Then they are multiplied by a sign.
struct Conjugation {
    Condition condition{};
    Index parity_of = 0;
    bool inverted = false;
    double sign = 1;
};

// Of one qubit, or of a pair in each parity: `qubit` is the higher one then, and both turns are of one kind.
struct LayerTurn {
    int qubit;
    int partner;  // -1: of one qubit, and the second turn means nothing
    std::array<GivensRotation, 2> turns;
};

// A turn of which only the tangents are left, see bind_turns.cpp.
struct PlacedTurn {
    int position;
    int partner;  // -1: none
    std::array<double, 2> tangents;
    bool imaginary;

    Index positions() const { return bit(position) | (partner < 0 ? 0 : bit(partner)); }
};

// By pi/4, so that its tangent is 1 or -1: H, SX, RX(pi/2) and RY(pi/2).
inline bool turns_by_one(const PlacedTurn& turn) { return turn.partner < 0 && std::abs(turn.tangents[0]) == 1; }

// Turns that go into the same call as the phases behind them.
struct JoiningTurns {
    TurnArgs args{};
    std::vector<PlacedTurn> axes;
    bool any = false;
};

template <class T>
class BlockBinder {
 public:
    BlockBinder(const Sweep& sweep, const Kernels& kernels, BoundSweep& bound);

    void operator()(const DenseAction& action);
    void operator()(const DiagonalAction& action);
    void operator()(const FlipAction& action);
    void operator()(const SwapAction& action);
    void operator()(const RotationAction& action);
    void operator()(const MultiplexerAction& action);

    // X, CX on any number of targets, or SWAP, by bookkeeping as far as possible: the general operators above always
    // move amplitudes.
    void relabel(const FlipAction& action);
    void relabel(const SwapAction& action);
    void toggle_sign(int qubit);
    // Turns on different qubits, without their outer phases, and then phases; either may be missing.
    void add_layer(std::span<const LayerTurn> turns, PhaseForm phases);
    // Writes what the frame still holds into the gather and the scatter of the sweep.
    void finish();

 private:
    int position(int qubit) const { return frame_.position(qubit); }
    std::size_t lanes() const { return std::size_t{1} << frame_.lane_bits(); }
    // The index bits that lane `lane` holds.
    Index meaning(std::size_t lane) const { return static_cast<Index>(lane) ^ frame_.lane_flip; }
    static Index lowest_bit(Index mask) { return mask & (~mask + 1); }
    static bool holds(const Condition& condition, Index bits) { return (bits & condition.mask) == condition.value; }

    Condition local(const Condition& condition) const;
    Index cold_part(Index mask) const;
    void split_selectors(const std::vector<int>& qubits, Index& cold, Index& vectors) const;
    PlacedCondition place(const Condition& condition) const;
    VectorSubset subset(const Condition& vectors, Index axes);

    T* take_coefficients(std::size_t count) { return bound_.arena.template take<T>(count); }
    const std::uint64_t* take_offsets(Index axis_mask);
    // W scalars, value(index bits of the lane).
    template <class Value>
    const T* lane_values(Value value) {
        T* const values = take_coefficients(lanes());
        for (std::size_t lane = 0; lane < lanes(); ++lane) values[lane] = static_cast<T>(value(meaning(lane)));
        return values;
    }
    std::vector<int> by_position(const std::vector<int>& qubits) const;
    std::size_t entry_index(const std::vector<int>& qubits, Index block, Index base) const;

    DenseArgs dense_layout(const PlacedCondition& condition, const std::vector<int>& targets, bool per_lane = false);
    void choose_helper(DenseArgs& args);
    std::size_t dense_rows(const DenseArgs& args) const;
    std::size_t dense_scalars(const DenseArgs& args) const;
    template <class Entry>
    void fill_dense(const DenseArgs& args, Entry entry, T* out) const;

    void pass_signs_through(const FlipAction& action);
    void flip(int qubit);
    void flush_sign(int qubit);
    void flush_scale();
    PlacedForm place(const PhaseForm& form);
    bool is_folded(int qubit) const { return qubit == folded_; }
    // X, Z and turns on the qubit along which the sweep is folded (emit/bind_folded.cpp).
    void flip_folded();
    void conjugate();
    void turn_folded(const GivensRotation& turn);
    Conjugation take_conjugation(PhaseForm& form) const;
    void conjugate(const Conjugation& where);
    void conjugate_by(const DiagonalAction& action);
    template <class Conjugates>
    const T* reflection(Complex factor, Conjugates conjugates);
    void finish_folded();
    PlacedForm bind_phase_call(PlacedForm& form, Index inner, const JoiningTurns& turns);
    void order_table(PhaseArgs& args, Index inner, std::span<const PlacedTurn> first);
    std::size_t max_tables(std::size_t entries, std::size_t rows) const;
    void write_rows(const PhaseRows& rows, PhaseArgs& args);
    JoiningTurns add_turns(std::span<const PlacedTurn> turns, Index inner);
    PlacedTurn prepare_turn(const LayerTurn& turn);
    PlacedTurn prepare_pair(const LayerTurn& turn, PlacedForm& form);
    TurnArgs lane_turns(std::span<const PlacedTurn> turns);
    Index vector_bits_of(std::span<const PlacedTurn> axes) const;
    Index reversed_axes(std::span<const PlacedTurn> axes) const;
    void set_axes(TurnArgs& args, std::span<const PlacedTurn> axes, Index others, int first_other);
    void emit_turns(std::span<const PlacedTurn> axes, TurnArgs args);

    BoundSweep& bound_;
    const Kernels& kernels_;
    std::vector<int> hot_;
    BlockFrame frame_;
    // Of a folded sweep: the state of the block is that of the frame, but `conjugated_` before the scale is applied.
    int folded_;
    bool conjugated_ = false;
};

extern template class BlockBinder<float>;
extern template class BlockBinder<double>;

}  // namespace ketjet
