// Breadth first, so that trajectories meet: of those waiting, all at the earliest stage are taken at a time, merged
// where their states are the same, and go on side by side to the next place where paths meet. Once there are so many
// that memory might not do, each of them is followed to its end, depth first; where even that takes too many states,
// the one that is quickest to make again is given up. The order, and with it every merger, is the same for any number
// of threads.
#include "shots/shot_tree.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <utility>

#include "base/parallel.hpp"
#include "exec/copy_state.hpp"
#include "exec/stage_clock.hpp"
#include "shots/depth_first.hpp"
#include "shots/final_draw.hpp"
#include "shots/merger.hpp"
#include "shots/same_state.hpp"
#include "shots/tree_limits.hpp"
#include "shots/tree_progress.hpp"
#include "shots/tree_states.hpp"
#include "shots/tuning.hpp"

namespace ketjet {

namespace {

// Whether some records show the phase of the state that their shots are in.
bool shows_phases(const Program& program) {
    return std::ranges::any_of(program.operations(), [](const Operation& operation) {
        const auto* const save = std::get_if<SaveOperation>(&operation);
        if (save == nullptr || save->mode() == SaveMode::one) return false;
        return save->kind() == Saved::state || save->kind() == Saved::amplitudes;
    });
}

bool saves_one_shot(const Operation& operation) {
    const auto* const save = std::get_if<SaveOperation>(&operation);
    return save != nullptr && save->mode() == SaveMode::one;
}

// What becomes of one trajectory and of its branches.
template <class T>
struct BatchResult {
    TreeOutcome outcome;
    std::int64_t trajectories = 0;
    ShotsVector<Trajectory<T>> waiting;
};

template <class T>
class ShotTree {
 public:
    ShotTree(const Walker<T>& walker, std::span<const std::int64_t> stage_work, Verifier* verifier,
             const RunContext& context)
        : plan_(*walker.bound_plan().plan),
          request_(walker.request()),
          context_(context),
          walker_(walker),
          memory_words_(walker.bound_plan().program.memory_words()),
          limits_(plan_, request_, context.threads),
          states_(walker, limits_),
          progress_(plan_, request_, stage_work, context.threads, limits_.max_waiting(), context.stop.counters()),
          merger_(plan_,
                  {plan_.request.options.merge_branches, limits_.holds_all() || !limits_.unites(), limits_.unites(),
                   request_.exact, limits_.unites() || limits_.holds_all(), shows_phases(walker.bound_plan().program)},
                  verifier) {
        for (StageObserver* observer : context.observers.list()) {
            if (!observer->inspects()) shared_observers_.push_back(observer);
        }
    }

    TreeResult<T> run() {
        add({states_.force(), Shots(memory_words_, request_.weight(), remembers_ways())});
        while (!waiting_.empty()) {
            if (is_crowded()) merge_all();
            if (progress_.is_due()) look_ahead();
            const bool crowded = is_crowded();
            ShotsVector<Trajectory<T>> batch = take_earliest();
            merge(batch);
            if (crowded) {
                while (!waiting_.empty()) std::ranges::move(take_earliest(), std::back_inserter(batch));
            }
            give_up_states(batch);
            run_all(batch, crowded);
        }
        result_.outcome.dropped += walker_.dropped();
        return std::move(result_);
    }

 private:
    using State = typename TreeStates<T>::State;
    class BreadthFirst;
    class ForMergers;

    // One shot is run once more where the state of the last one, or a save of one shot only, is wanted.
    bool remembers_ways() const {
        return request_.keep_state || std::ranges::any_of(walker_.bound_plan().program.operations(), saves_one_shot);
    }

    void add(Trajectory<T> trajectory) {
        ++waiting_count_;
        waiting_[{trajectory.stage, trajectory.collapses_done}].push_back(std::move(trajectory));
    }
    void look_ahead() {
        std::vector<Waiting> places;
        for (const auto& [place, trajectories] : waiting_) places.push_back({place.first, trajectories.size()});
        progress_.look_ahead(places);
    }
    bool is_crowded() const {
        return waiting_count_ > limits_.max_waiting() ||
               (!limits_.holds_all() && !limits_.unites() && states_.are_too_many());
    }
    void merge_all() {
        waiting_count_ = 0;
        for (auto& [place, trajectories] : waiting_) {
            merge(trajectories);
            waiting_count_ += std::ssize(trajectories);
        }
    }
    ShotsVector<Trajectory<T>> take_earliest() {
        ShotsVector<Trajectory<T>> batch = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        waiting_count_ -= std::ssize(batch);
        return batch;
    }

    // Gives up states of those that are not the next to go on, while there is no room for them.
    void give_up_states(ShotsVector<Trajectory<T>>& batch) {
        if (limits_.holds_all()) return;
        for (auto i = batch.size(); i-- > static_cast<std::size_t>(limits_.members()) && states_.are_too_many();) {
            states_.give_up(batch[i].state);
        }
    }

    void merge(ShotsVector<Trajectory<T>>& batch);
    void sign(Trajectory<T>& trajectory, const RunContext& context) const {
        if (trajectory.state == nullptr || trajectory.signature != Trajectory<T>::unsigned_state) return;
        trajectory.signature = signature(*trajectory.state, context);
    }
    void run_all(ShotsVector<Trajectory<T>>& batch, bool to_the_end);
    void go_on(Trajectory<T> trajectory, bool stops_at_collapses, BatchResult<T>& result, const RunContext& context);
    void finish(Trajectory<T> trajectory, BatchResult<T>& result, const RunContext& context);
    State end(Trajectory<T>& trajectory, BatchResult<T>& result, const RunContext& context);

    // Calls body(i, context) for all i < count: side by side where that pays, else with all threads on each.
    template <class Body>
    void for_each(std::size_t count, Body body) {
        RunContext alone = context_;
        alone.threads = 1;
        const bool pays = count > 1 && count * bit(plan_.state_qubits) >= amplitudes_in_parallel;
        if (limits_.members() > 1 && pays) {
            std::atomic<std::size_t> next{0};
            run_team(limits_.members(), [&](Team&) {
                for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
                    RunContext own = alone;
                    if (i > 0) own.observers = StageObservers(shared_observers_);  // the verifier serves one thread
                    body(i, own);
                }
            });
            return;
        }
        const RunContext& each = plan_.state_qubits < min_shared_qubits ? alone : context_;
        for (std::size_t i = 0; i < count; ++i) body(i, each);
    }

    const Plan& plan_;
    const RunRequest& request_;
    const RunContext& context_;
    const Walker<T>& walker_;
    std::vector<StageObserver*> shared_observers_;
    int memory_words_;
    TreeLimits limits_;
    TreeStates<T> states_;
    TreeProgress progress_;
    Merger<T> merger_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, ShotsVector<Trajectory<T>>> waiting_;  // by place
    std::int64_t waiting_count_ = 0;
    TreeResult<T> result_;
};

// In breadth: branches wait with all others.
template <class T>
class ShotTree<T>::BreadthFirst : public BranchSink<T> {
 public:
    BreadthFirst(ShotTree& tree, ShotsVector<Trajectory<T>>& waiting) : tree_(tree), waiting_(waiting) {}

    State copy_of(const StateVector<T>& state, const RunContext& context) override {
        const bool counts = tree_.progress_.counts();
        const StageClock::Time start = counts ? StageClock::now() : StageClock::Time{};
        State copy = tree_.limits_.holds_all() ? tree_.states_.force() : tree_.states_.take();
        if (copy == nullptr) return nullptr;
        copy_state(state, *copy, context);
        if (counts) {
            const std::chrono::duration<double, std::nano> taken = StageClock::now() - start;
            tree_.progress_.copied(taken.count() * context.threads / tree_.context_.threads);
        }
        return copy;
    }
    bool may_meet_again() const override { return true; }
    void take(Trajectory<T> branch) override { waiting_.push_back(std::move(branch)); }

 private:
    ShotTree& tree_;
    ShotsVector<Trajectory<T>>& waiting_;
};

// For mergers, which need two states at a time.
template <class T>
class ShotTree<T>::ForMergers : public StateSource<T> {
 public:
    ForMergers(ShotTree& tree, ShotsVector<Trajectory<T>>& batch) : tree_(tree) {
        const auto lacks = [](const Trajectory<T>& each) { return each.state == nullptr; };
        if (!tree_.limits_.unites() || std::ranges::none_of(batch, lacks)) return;
        give_up(batch);
        for (auto& [place, trajectories] : tree_.waiting_) give_up(trajectories);
    }
    void revive(Trajectory<T>& trajectory) override { tree_.states_.revive(trajectory, tree_.context_); }
    void give_back(State state) override { tree_.states_.give_up(state); }

 private:
    void give_up(ShotsVector<Trajectory<T>>& trajectories) {
        for (Trajectory<T>& each : trajectories) {
            if (tree_.states_.left() >= 2) return;
            tree_.states_.give_up(each.state);
        }
    }

    ShotTree& tree_;
};

template <class T>
void ShotTree<T>::merge(ShotsVector<Trajectory<T>>& batch) {
    if (batch.size() < 2 || !merger_.meet_at(batch.front().stage, batch.front().collapses_done)) return;
    for_each(batch.size(), [&](std::size_t i, const RunContext& context) { sign(batch[i], context); });
    ForMergers states(*this, batch);
    merger_.merge(batch, states, context_);
}

template <class T>
void ShotTree<T>::run_all(ShotsVector<Trajectory<T>>& batch, bool to_the_end) {
    ShotsVector<BatchResult<T>> results(batch.size());
    const bool stops_at_collapses = merger_.meet_at_collapses();
    for_each(batch.size(), [&](std::size_t i, const RunContext& context) {
        if (to_the_end) {
            finish(std::move(batch[i]), results[i], context);
        } else {
            go_on(std::move(batch[i]), stops_at_collapses, results[i], context);
        }
    });
    for (BatchResult<T>& result : results) {
        result_.outcome.add(std::move(result.outcome), memory_words_, context_.stop);
        result_.trajectories += result.trajectories;
        for (Trajectory<T>& trajectory : result.waiting) add(std::move(trajectory));
    }
}

template <class T>
void ShotTree<T>::go_on(Trajectory<T> trajectory, bool stops_at_collapses, BatchResult<T>& result,
                        const RunContext& context) {
    states_.revive(trajectory, context);
    trajectory.signature = Trajectory<T>::unsigned_state;
    if (limits_.holds_all()) trajectory.path.clear();  // its state is held
    BreadthFirst breadth_first(*this, result.waiting);
    if (walker_.advance(trajectory, breadth_first, stops_at_collapses, context)) {
        if (merger_.meet_at(trajectory.stage, trajectory.collapses_done)) sign(trajectory, context);
        if (!limits_.holds_all() && states_.are_scarce()) states_.give_up(trajectory.state);
        result.waiting.push_back(std::move(trajectory));
    } else {
        State state = end(trajectory, result, context);
        states_.give_up(state);
    }
}

template <class T>
void ShotTree<T>::finish(Trajectory<T> trajectory, BatchResult<T>& result, const RunContext& context) {
    DepthFirst<T> depth_first(walker_, states_, limits_.holds_all(), trajectory, context);
    for (;;) {
        while (walker_.advance(trajectory, depth_first, false, context)) {
        }
        depth_first.reuse(end(trajectory, result, context));
        if (depth_first.empty()) return;
        trajectory = depth_first.next(context);
    }
}

// Returns the state, if nobody wants it any more.
template <class T>
typename ShotTree<T>::State ShotTree<T>::end(Trajectory<T>& trajectory, BatchResult<T>& result,
                                             const RunContext& context) {
    State state = std::move(trajectory.state);
    if (trajectory.shots.empty()) return state;
    const Weight weight = trajectory.shots.weight();
    draw_final(plan_, *state, trajectory.shots, request_, result.outcome, context);
    result.outcome.readouts.add(request_.readouts, *state, weight.value(), context);
    trajectory.shots = Shots(memory_words_);
    result.outcome.shorten(memory_words_, context.stop);
    ++result.trajectories;
    context.stop.counters().shots_done.fetch_add(weight.shots, std::memory_order_relaxed);
    progress_.ended(weight.value());
    if (!request_.keep_state || !walker_.holds_all_shots(trajectory, weight)) return state;
    result_.state = std::move(state);  // nobody else has any shots
    return nullptr;
}

}  // namespace

template <class T>
TreeResult<T> run_tree(const Walker<T>& walker, std::span<const std::int64_t> stage_work, Verifier* verifier,
                       const RunContext& context) {
    return ShotTree<T>(walker, stage_work, verifier, context).run();
}

#define KETJET_INSTANTIATE(T) \
    template TreeResult<T> run_tree<T>(const Walker<T>&, std::span<const std::int64_t>, Verifier*, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
