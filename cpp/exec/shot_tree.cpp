// Breadth first, so that trajectories meet: of those waiting, all at the earliest stage are taken at a time, merged
// where their states are the same, and go on side by side to the next place where paths meet. Once there are so many
// that memory might not do, each of them is followed to its end, depth first; where even that takes too many states,
// the one that is quickest to make again is given up. The order, and with it every merger, is the same for any number
// of threads.
#include "exec/shot_tree.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "base/parallel.hpp"
#include "exec/same_state.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

// How many states may still be allocated; for all threads.
class StateBudget {
 public:
    explicit StateBudget(std::int64_t states) : left_(states) {}

    bool take() {
        if (left_.fetch_sub(1) > 0) return true;
        left_.fetch_add(1);
        return false;
    }
    void force() { left_.fetch_sub(1); }
    void give_back() { left_.fetch_add(1); }

 private:
    std::atomic<std::int64_t> left_;
};

// How many trajectories have met at a place, and how many of them were merged.
struct Meetings {
    std::size_t met = 0;
    std::size_t merged = 0;
    bool pay() const { return met < meetings_before_judgement || merged > 0; }
};

// What becomes of one trajectory and of those that part from it.
template <class T>
struct Yield {
    TreeOutcome outcome;
    std::int64_t trajectories = 0;
    std::vector<Trajectory<T>> waiting;
};

template <class T>
class ShotTree {
 public:
    ShotTree(const Program& program, const Plan& plan, const TreeRequest& request, const RunContext& context)
        : plan_(plan),
          request_(request),
          context_(context),
          walker_(program, plan, request.rules, kernels_of<T>(context.kernels), saves_),
          memory_words_(program.memory_words()),
          root_shots_(memory_words_, request.weight),
          budget_(std::max<std::int64_t>(request.most_states, 1)) {}

    TreeResult<T> run() {
        budget_.take();
        add({new_state(), std::move(root_shots_)});
        while (!waiting_.empty()) {
            if (is_crowded()) merge_all();
            const bool crowded = is_crowded();
            std::vector<Trajectory<T>> batch = take_earliest();
            if (batch.size() > 1) merge(batch);
            if (crowded) {
                while (!waiting_.empty()) std::ranges::move(take_earliest(), std::back_inserter(batch));
            }
            run_all(batch, crowded);
        }
        result_.outcome.dropped += walker_.dropped();
        result_.saves = saves_.take();
        return std::move(result_);
    }

 private:
    using State = std::unique_ptr<StateVector<T>>;
    class Beside;
    class Below;

    State new_state() const { return std::make_unique<StateVector<T>>(plan_.num_qubits, plan_.state_qubits); }

    void add(Trajectory<T> trajectory) {
        ++waiting_count_;
        waiting_[{trajectory.stage, trajectory.part}].push_back(std::move(trajectory));
    }
    bool is_crowded() const { return waiting_count_ > std::max<std::int64_t>(request_.most_states / 2, 1); }
    void merge_all() {
        waiting_count_ = 0;
        for (auto& [place, trajectories] : waiting_) {
            if (trajectories.size() > 1) merge(trajectories);
            waiting_count_ += std::ssize(trajectories);
        }
    }
    std::vector<Trajectory<T>> take_earliest() {
        std::vector<Trajectory<T>> batch = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        waiting_count_ -= std::ssize(batch);
        return batch;
    }

    void merge(std::vector<Trajectory<T>>& batch);
    void run_all(std::vector<Trajectory<T>>& batch, bool to_the_end);
    void go_on(Trajectory<T> trajectory, Yield<T>& yield, const RunContext& context);
    void finish(Trajectory<T> trajectory, Yield<T>& yield, const RunContext& context);
    State end(Trajectory<T>& trajectory, Yield<T>& yield, const RunContext& context);

    // Calls body(i, context) for all i < count: side by side where that pays, else with all threads on each.
    template <class Body>
    void for_each(std::size_t count, Body body) {
        RunContext alone = context_;
        alone.threads = 1;
        const bool pays = count > 1 && count * bit(plan_.state_qubits) >= amplitudes_in_parallel;
        if (context_.threads > 1 && pays && plan_.state_qubits <= shots_in_parallel_qubits) {
            std::atomic<std::size_t> next{0};
            run_team(context_.threads, [&](Team&) {
                for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
                    RunContext own = alone;
                    if (i > 0) own.verifier = nullptr;  // which serves one thread
                    body(i, own);
                }
            });
            return;
        }
        const RunContext& each = plan_.state_qubits < least_shared_qubits ? alone : context_;
        for (std::size_t i = 0; i < count; ++i) body(i, each);
    }

    const Plan& plan_;
    const TreeRequest& request_;
    const RunContext& context_;
    SaveStore saves_;
    Walker<T> walker_;
    int memory_words_;
    Shots root_shots_;
    StateBudget budget_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Trajectory<T>>> waiting_;  // by stage and part
    std::int64_t waiting_count_ = 0;
    std::map<std::uint32_t, Meetings> meetings_;  // by stage
    TreeResult<T> result_;
};

// In breadth: what parts waits with all others.
template <class T>
class ShotTree<T>::Beside : public Parting<T> {
 public:
    Beside(ShotTree& tree, std::vector<Trajectory<T>>& waiting) : tree_(tree), waiting_(waiting) {}

    State copy_of(const StateVector<T>& state, const RunContext& context) override {
        if (!tree_.budget_.take()) return nullptr;
        State copy = tree_.new_state();
        copy_state(state, *copy, context);
        return copy;
    }
    void take(Trajectory<T> parted) override { waiting_.push_back(std::move(parted)); }

 private:
    ShotTree& tree_;
    std::vector<Trajectory<T>>& waiting_;
};

// In depth: what parts is put on a stack, the last one to be taken first. The states of those at its bottom are given
// up when there is no other memory: they are few, and their ways are short.
template <class T>
class ShotTree<T>::Below : public Parting<T> {
 public:
    explicit Below(ShotTree& tree) : tree_(tree) {}
    ~Below() override {
        if (spare_ != nullptr) tree_.budget_.give_back();
    }

    State copy_of(const StateVector<T>& state, const RunContext& context) override {
        State copy = find_memory();
        if (copy != nullptr) copy_state(state, *copy, context);
        return copy;
    }
    void take(Trajectory<T> parted) override { stack_.push_back(std::move(parted)); }

    bool empty() const { return stack_.empty(); }
    Trajectory<T> next(const RunContext& context) {
        Trajectory<T> trajectory = std::move(stack_.back());
        stack_.pop_back();
        revive(trajectory, context);
        return trajectory;
    }
    void revive(Trajectory<T>& trajectory, const RunContext& context) {
        if (trajectory.state != nullptr) return;
        State memory = find_memory();
        if (memory == nullptr) {  // others hold what there is: one more for each thread at most
            tree_.budget_.force();
            memory = tree_.new_state();
        }
        tree_.walker_.replay(trajectory, std::move(memory), context);
    }
    void reuse(State state) {
        if (state == nullptr) return;
        if (spare_ != nullptr) tree_.budget_.give_back();
        spare_ = std::move(state);
    }

 private:
    State find_memory() {
        if (spare_ != nullptr) return std::move(spare_);
        if (tree_.budget_.take()) return tree_.new_state();
        for (Trajectory<T>& waiting : stack_) {
            if (waiting.state != nullptr) return std::move(waiting.state);
        }
        return nullptr;
    }

    ShotTree& tree_;
    std::vector<Trajectory<T>> stack_;
    State spare_;
};

template <class T>
void ShotTree<T>::merge(std::vector<Trajectory<T>>& batch) {
    const std::uint32_t stage = batch.front().stage;
    if (!request_.merge || stage == 0 || !std::holds_alternative<Join>(plan_.stages[stage - 1])) return;
    Meetings& meetings = meetings_[stage];
    if (!meetings.pay()) return;
    std::vector<double> signatures(batch.size(), -1);  // of those without a state: below all others
    for_each(batch.size(), [&](std::size_t i, const RunContext& context) {
        if (batch[i].state != nullptr) signatures[i] = signature(*batch[i].state, context);
    });
    std::multimap<double, std::size_t> found;  // by signature: those that stay
    std::vector<Trajectory<T>> stay;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Trajectory<T>& one = batch[i];
        const double near = signature_rounding<T> * (1 + signatures[i]);
        const auto end = found.upper_bound(signatures[i] + near);
        auto other = one.state == nullptr ? end : found.lower_bound(signatures[i] - near);
        while (other != end && !same_up_to_phase(*stay[other->second].state, *one.state, context_)) ++other;
        if (other != end) {
            Trajectory<T>& into = stay[other->second];
            into.shots.absorb(one.shots);
            if (request_.rules.division.exact || into.shots.groups() > most_groups) into.shots.unite();
            into.jumps_back = std::max(into.jumps_back, one.jumps_back);
            one.state.reset();
            budget_.give_back();
            continue;
        }
        if (one.state != nullptr) found.emplace(signatures[i], stay.size());
        stay.push_back(std::move(one));
    }
    meetings.met += batch.size();
    meetings.merged += batch.size() - stay.size();
    batch = std::move(stay);
}

template <class T>
void ShotTree<T>::run_all(std::vector<Trajectory<T>>& batch, bool to_the_end) {
    std::vector<Yield<T>> yields(batch.size());
    for_each(batch.size(), [&](std::size_t i, const RunContext& context) {
        if (to_the_end) {
            finish(std::move(batch[i]), yields[i], context);
        } else {
            go_on(std::move(batch[i]), yields[i], context);
        }
    });
    for (Yield<T>& yield : yields) {
        TreeOutcome& all = result_.outcome;
        std::ranges::copy(yield.outcome.memory, std::back_inserter(all.memory));
        std::ranges::copy(yield.outcome.weights, std::back_inserter(all.weights));
        all.dropped += yield.outcome.dropped;
        all.shorten(memory_words_, context_.stop);
        result_.trajectories += yield.trajectories;
        for (Trajectory<T>& trajectory : yield.waiting) add(std::move(trajectory));
    }
}

template <class T>
void ShotTree<T>::go_on(Trajectory<T> trajectory, Yield<T>& yield, const RunContext& context) {
    Below(*this).revive(trajectory, context);
    Beside beside(*this, yield.waiting);
    if (walker_.advance(trajectory, beside, context)) {
        yield.waiting.push_back(std::move(trajectory));
    } else if (end(trajectory, yield, context) != nullptr) {
        budget_.give_back();
    }
}

template <class T>
void ShotTree<T>::finish(Trajectory<T> trajectory, Yield<T>& yield, const RunContext& context) {
    Below below(*this);
    below.revive(trajectory, context);
    for (;;) {
        while (walker_.advance(trajectory, below, context)) {
        }
        below.reuse(end(trajectory, yield, context));
        if (below.empty()) return;
        trajectory = below.next(context);
    }
}

// Returns the state, if nobody wants it any more.
template <class T>
typename ShotTree<T>::State ShotTree<T>::end(Trajectory<T>& trajectory, Yield<T>& yield, const RunContext& context) {
    State state = std::move(trajectory.state);
    if (trajectory.shots.empty()) return state;
    draw_final(plan_, *state, trajectory.shots, request_.rules.division, yield.outcome, context);
    yield.outcome.shorten(memory_words_, context.stop);
    ++yield.trajectories;
    context.stop.counters().shots_done.fetch_add(std::llround(trajectory.shots.weight()), std::memory_order_relaxed);
    if (!request_.keep_state || !trajectory.shots.has_witness()) return state;
    result_.state = std::move(state);  // nobody else has the witness
    return nullptr;
}

}  // namespace

template <class T>
TreeResult<T> run_tree(const Program& program, const Plan& plan, const TreeRequest& request,
                       const RunContext& context) {
    return ShotTree<T>(program, plan, request, context).run();
}

template TreeResult<float> run_tree<float>(const Program&, const Plan&, const TreeRequest&, const RunContext&);
template TreeResult<double> run_tree<double>(const Program&, const Plan&, const TreeRequest&, const RunContext&);

}  // namespace ketjet
