#include "base/crew.hpp"

#include <sched.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "base/fork.hpp"

namespace ketjet {

namespace {

// Of a hand without work, and of who waits for hands: about as long as the pauses between the teams of one run, and as
// their members differ.
constexpr Patience without_work{std::chrono::microseconds(8), 2000};
constexpr Patience before_the_end{std::chrono::microseconds(8), 200};

constexpr int looks_per_clock = 32;  // reading the clock takes as long as a pause

void relax_core() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Moves this thread off `core`, if it is there and may be elsewhere. A hand is woken where it went to sleep, and its
// owner may be on that core by now: they would share it, run after run, beside an idle one.
void leave_core([[maybe_unused]] int core) {
#ifdef __linux__
    if (core < 0 || sched_getcpu() != core) return;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;  // of more cores than fit into the set
    cpu_set_t others = allowed;
    CPU_CLR(core, &others);
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof(others), &others) != 0) return;
    sched_setaffinity(0, sizeof(allowed), &allowed);
#endif
}

int this_core() {
#ifdef __linux__
    return sched_getcpu();
#else
    return -1;
#endif
}

}  // namespace

std::uint32_t wait_for_change(const std::atomic<std::uint32_t>& word, std::uint32_t old, Patience patience) {
    const auto changed = [&] { return word.load(std::memory_order_acquire) != old; };
    const auto end = std::chrono::steady_clock::now() + patience.spins;
    do {
        for (int look = 0; look < looks_per_clock; ++look) {
            if (changed()) return word.load(std::memory_order_acquire);
            relax_core();
        }
    } while (std::chrono::steady_clock::now() < end);
    for (int yield = 0; yield < patience.yields && !changed(); ++yield) std::this_thread::yield();
    word.wait(old, std::memory_order_acquire);
    return word.load(std::memory_order_acquire);
}

Crew::Crew() : at_work_(std::make_shared<Word>(0)), forks_(forks.load(std::memory_order_relaxed)) {}

Crew::~Crew() {
    for (const std::shared_ptr<Hand>& hand : hands_) {
        hand->work = nullptr;
        hand->turn.fetch_add(1, std::memory_order_release);
        hand->turn.notify_one();
    }
}

void Crew::serve(const std::shared_ptr<Hand>& hand, const std::shared_ptr<Word>& at_work) {
    std::uint32_t turn = 0;
    while (true) {
        turn = wait_for_change(hand->turn, turn, without_work);
        if (hand->work == nullptr) return;
        leave_core(hand->owners_core);
        (*hand->work)(hand->rank);
        if (at_work->fetch_sub(1, std::memory_order_acq_rel) == 1) at_work->notify_one();
    }
}

int Crew::muster(int wanted) {
    if (const unsigned now = forks.load(std::memory_order_relaxed); now != forks_) {
        hands_.clear();  // they are the parent's
        forks_ = now;
    }
    while (static_cast<int>(hands_.size()) + 1 < wanted) {
        auto hand = std::make_shared<Hand>();
        hand->rank = static_cast<int>(hands_.size()) + 1;
        hands_.push_back(hand);
        try {
            std::thread([hand, at_work = at_work_] { serve(hand, at_work); }).detach();
        } catch (const std::system_error&) {  // the system has no more threads
            hands_.pop_back();
            break;
        }
    }
    return std::min(wanted, static_cast<int>(hands_.size()) + 1);
}

void Crew::run(int members, const std::function<void(int)>& work) {
    at_work_->store(static_cast<std::uint32_t>(members - 1), std::memory_order_relaxed);
    const int core = this_core();
    for (int rank = 1; rank < members; ++rank) {
        Hand& hand = *hands_[static_cast<std::size_t>(rank) - 1];
        hand.work = &work;
        hand.owners_core = core;
        hand.turn.fetch_add(1, std::memory_order_release);
        hand.turn.notify_one();
    }
    work(0);
    for (std::uint32_t left = at_work_->load(std::memory_order_acquire); left != 0;) {
        left = wait_for_change(*at_work_, left, before_the_end);
    }
}

}  // namespace ketjet
