// Of trajectories with about the same signature each is compared with those before it, so that what is merged depends
// on their order alone.
#include "shots/merger.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "check/verify.hpp"
#include "shots/same_state.hpp"
#include "shots/tuning.hpp"

namespace ketjet {

namespace {

// How far rounding takes two states apart that have gone different ways through so many operations each.
template <class T>
double rounding_after(double operations) {
    constexpr double least = 4, per_root = 2;
    return std::numeric_limits<T>::epsilon() / 2 * (least + per_root * std::sqrt(operations));
}

// States further apart than this are never merged.
template <class T>
inline constexpr double max_separation = sizeof(T) == 8 ? 1e-10 : 4e-5;

// Where shots go on in the state of others, what they are moved by in all may be so many times what rounding explains.
constexpr double max_moves = 8;

// How many partings two trajectories have in common.
std::size_t common_partings(const ShotsVector<BranchPoint>& a, const ShotsVector<BranchPoint>& b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b, {}, &BranchPoint::number, &BranchPoint::number).in1 -
                                    a.begin());
}

}  // namespace

// At a join any merger will do, for there are few; those after collapses have to be worth the stop.
template <class T>
bool Merger<T>::pays(const Meetings& meetings) const {
    if (meetings.met < meetings_before_judgement) return true;
    return &meetings == &collapses_ ? meetings.merged >= min_merged_share * meetings.met : meetings.merged > 0;
}

template <class T>
bool Merger<T>::meet_at(std::uint32_t stage, std::uint32_t part) const {
    if (!rules_.merges || stage == 0 || part > 0) return false;
    if (is_random(plan_.stages[stage - 1])) return meet_at_collapses();
    if (!std::holds_alternative<Join>(plan_.stages[stage - 1])) return false;
    const auto meetings = joins_.find(stage);
    return meetings == joins_.end() || pays(meetings->second);
}

template <class T>
void Merger<T>::merge(ShotsVector<Trajectory<T>>& batch, StateSource<T>& states, const RunContext& context) {
    std::multimap<double, std::size_t> found;  // by signature: those that stay
    ShotsVector<Trajectory<T>> stay;
    const std::uint32_t stage = batch.front().stage;
    Meetings& meetings = is_random(plan_.stages[stage - 1]) ? collapses_ : joins_[stage];
    const std::size_t met = batch.size();
    for (Trajectory<T>& one : batch) {
        if (one.state == nullptr && !rules_.needs_all) {
            stay.push_back(std::move(one));
            continue;
        }
        if (one.signature == Trajectory<T>::unsigned_state) {
            states.revive(one);
            one.signature = signature(*one.state, context);
            states.give_back(std::move(one.state));
        }
        const double near = signature_rounding<T> * (1 + one.signature);
        const auto end = found.upper_bound(one.signature + near);
        auto other = found.lower_bound(one.signature - near);
        for (; other != end; ++other) {
            Trajectory<T>& into = stay[other->second];
            if (merge_into(into, one, states, context)) break;
        }
        if (other != end) continue;
        found.emplace(one.signature, stay.size());
        stay.push_back(std::move(one));
    }
    if (meetings.met > 2 * meetings_before_judgement) meetings = {meetings.met / 2, meetings.merged / 2};
    meetings.met += static_cast<double>(met);
    meetings.merged += static_cast<double>(met - stay.size());
    batch = std::move(stay);
}

// False if it may not be.
template <class T>
bool Merger<T>::merge_into(Trajectory<T>& into, Trajectory<T>& one, StateSource<T>& states, const RunContext& context) {
    const bool into_lacks = into.state == nullptr, one_lacks = one.state == nullptr;
    states.revive(into);
    states.revive(one);
    const bool merged = merge_states(into, one, context);
    if (into_lacks) states.give_back(std::move(into.state));
    if (one_lacks || merged) states.give_back(std::move(one.state));
    return merged;
}

template <class T>
bool Merger<T>::merge_states(Trajectory<T>& into, Trajectory<T>& one, const RunContext& context) {
    const auto [distance, phase] = separation(*into.state, *one.state, context);
    if (!(distance <= max_separation<T>)) return false;
    // What is initialised anew later has the phase of the circuit alone.
    const Complex later = std::polar(1.0, one.phase - into.phase);
    if (rules_.phases && std::abs(phase - 1.0) + std::abs(later - 1.0) > max_separation<T>) return false;
    const std::size_t common = common_partings(into.partings, one.partings);
    const double operations = std::max(into.operations, one.operations);
    const double explained = rounding_after<T>(operations - (common > 0 ? into.partings[common - 1].operations : 0));
    const double own_weight = into.shots.weight().value(), weight = one.shots.weight().value();
    const double share = weight / (own_weight + weight);
    double loss = (1 - share) * into.merging_loss + share * one.merging_loss;
    const double most = rounding_after<T>(operations);
    if (!rules_.means) {
        loss += share * distance;
        if (loss > max_moves * most) return false;
    } else if (distance > explained) {
        const double mixed = share * (1 - share);
        if (loss + mixed * distance * distance > most) return false;
        const double told_apart = 2 * mixed * distance * into.shots.memory_distance(one.shots, context.stop);
        // The rest is for those that it does not tell apart.
        if (told_apart > 0 && loss + told_apart > most / 2) return false;
        loss += told_apart + mixed * distance * distance;
    }
    if (rules_.means && distance > 0) {
        move_to_mean(*into.state, *one.state, phase, share, context);
        into.moved = (1 - share) * into.moved + share * (one.moved + distance);
    }
    if (verifier_ != nullptr) {
        verifier_->check_merger(*into.state, *one.state, distance, loss, operations, context.walk());
    }
    into.shots.absorb(std::move(one.shots), context.stop);
    if (rules_.exact || (rules_.unites && into.shots.are_many(max_groups))) into.shots.unite(context.stop);
    into.jumps_back = std::max(into.jumps_back, one.jumps_back);
    into.operations = operations;
    const bool undone = common > 0 && common == into.partings.size() && common == one.partings.size();
    into.partings.resize(undone ? common - 1 : common);
    into.merging_loss = loss;
    return true;
}

template class Merger<float>;
template class Merger<double>;

}  // namespace ketjet
