// The engine checks itself: does a Plan, bound and run by kernels, do what its program says? Everything is compared
// with plain loops (reference.hpp) on vectors that are small whatever the size of the state.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/parallel.hpp"
#include "emit/pair_rotation.hpp"
#include "exec/executor.hpp"
#include "readout/run_request.hpp"

namespace ketjet {

struct VerifyReport {
    std::int64_t checks = 0;
    double max_deviation = 0;
    double seconds = 0;
    int sweeps_compared = 0;  // with plain loops, block by block
    bool state_compared = false;
    std::int64_t mergers = 0;  // of trajectories
    double merging_loss = 0;   // the most that mergers may have changed of the probability of anything
};

// Something differs by more than rounding: an error of the engine (or of the computer), never of its user.
struct VerificationFailed : std::runtime_error {
    // `allowed` is 0 for what either holds or does not.
    VerificationFailed(const std::string& finding, double deviation, double allowed);
};

// Checks of one run, in the order in which they become possible. Not for several threads at once.
class Verifier : public StageObserver {
 public:
    Verifier(Verify mode, const BoundPlan& bound);

    // First of all, if the run does not begin in |0...0>.
    template <class T>
    void start_in(const StateVector<T>& state, const RunContext& context);
    // Before the run: the order of operations and the matrices; in mode full every sweep too.
    template <class T>
    void check_plan(const RunContext& context);
    // The norm after every stage that touches the state.
    void begin(std::size_t stage) override;
    bool inspects() const override { return mode_ != Verify::off; }
    void inspect(std::size_t stage, const StateVector<float>& state, const StopToken& stop, Team& team) override {
        check_norm(stage, state, stop, team);
    }
    void inspect(std::size_t stage, const StateVector<double>& state, const StopToken& stop, Team& team) override {
        check_norm(stage, state, stop, team);
    }
    // After the last stage of a program without random collapses, in mode full, if it is straight and narrow: the state
    // of the original program, or else (`whole` is false) the probabilities of what is measured.
    template <class T>
    void check_state(const StateVector<T>& state, bool whole, const RunContext& context);

    // A state in which another one goes on after a merger, from which it may be so far apart, but for a global phase;
    // and what mergers may have changed by then, after so many operations.
    template <class T>
    void check_merger(const StateVector<T>& merged, const StateVector<T>& other, double distance, double loss,
                      double operations, const Walk& walk);

    const VerifyReport& report() const { return report_; }

 private:
    template <class Finding>
    void check(double deviation, double allowed, Finding finding) {
        ++report_.checks;
        if (!(deviation <= allowed)) throw VerificationFailed(finding(), deviation, allowed);
        report_.max_deviation = std::max(report_.max_deviation, deviation);
    }
    bool compares_state() const;
    void check_order();
    void check_reordering();
    void check_matrices();
    // A term of a sweep, and how far each operation of the program is from conserving lengths.
    struct GivenTerm {
        const Sweep& sweep;
        const Term& term;
        const std::vector<double>& errors;
        std::span<const std::uint32_t> operations() const { return sweep.operations_of(term); }
    };
    void check_pass(const Sweep& sweep, const Pass& pass, const std::vector<double>& errors);
    double allowed_of(const GivenTerm& given) const;
    void check_product(const GivenTerm& given);
    void check_split(const GivenTerm& given);
    void check_phases(const GivenTerm& given);
    template <class T>
    void check_norm(std::size_t stage, const StateVector<T>& state, const StopToken& stop, Team& team);
    template <class T>
    void add_norms(const StateVector<T>& state, Team::Range share, const StopToken& stop);
    template <class T>
    void end_norm(std::size_t stage);
    template <class T>
    void compare_sweeps(const RunContext& context);
    template <class T>
    void compare_sweep(std::uint32_t stage, std::size_t blocks, const RunContext& context, std::mutex& mutex);

    Verify mode_;
    const BoundPlan& bound_;
    const Program& program_;
    const Plan& plan_;
    VerifyReport report_;
    double operations_done_ = 0;  // what rounding errors grow with
    double length_error_ = 0;     // of the state at first, and of all matrices together, as they were given
    std::vector<Complex> start_;  // where it is to be compared, and not |0...0>
    Index active_ = 0;            // what the norm is summed over: all basis states without other qubits
    std::vector<double> norms_;   // of its runs
};

// How far rounding may take a state of length 1 in so many operations: errors of coefficients add up.
template <class T>
double state_rounding(double operations) {
    return std::numeric_limits<T>::epsilon() * (16 + 4 * operations);
}

Matrix recomposed(const GivensRotation& rotation);
// How far a decomposition is from the matrix, and from a rotation.
double turn_error(const Matrix& matrix, const GivensRotation& rotation);
double pair_error(const Matrix& matrix, const PairRotation& pair);

// Operations of a plan in words: name, qubits of the state, and the index in the program as it was given.
std::string describe(const Plan& plan, std::uint32_t operation);
std::string describe(const Plan& plan, std::span<const std::uint32_t> operations);

}  // namespace ketjet
