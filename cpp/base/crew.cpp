#include "base/crew.hpp"

#include <pthread.h>

#include <algorithm>
#include <system_error>
#include <thread>

namespace ketjet {

namespace {

// How long a thread waits hot before it gives its core away.
constexpr int spins_before_yield = 300;

// How often a hand without work, and who waits for hands, looks before it sleeps: about as long as the pauses
// between the teams of one run, and as their members differ.
constexpr int yields_without_work = 2000;
constexpr int yields_before_the_end = 200;

void relax_core() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

std::atomic<unsigned> forks{0};
const bool forks_are_counted =
    pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); }) == 0;

}  // namespace

std::uint32_t wait_for_change(const std::atomic<std::uint32_t>& word, std::uint32_t old, int yields) {
    for (int tries = 0; tries < spins_before_yield + yields; ++tries) {
        const std::uint32_t now = word.load(std::memory_order_acquire);
        if (now != old) return now;
        if (tries < spins_before_yield) {
            relax_core();
        } else {
            std::this_thread::yield();
        }
    }
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
        turn = wait_for_change(hand->turn, turn, yields_without_work);
        if (hand->work == nullptr) return;
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
    for (int rank = 1; rank < members; ++rank) {
        Hand& hand = *hands_[static_cast<std::size_t>(rank) - 1];
        hand.work = &work;
        hand.turn.fetch_add(1, std::memory_order_release);
        hand.turn.notify_one();
    }
    work(0);
    for (std::uint32_t left = at_work_->load(std::memory_order_acquire); left != 0;) {
        left = wait_for_change(*at_work_, left, yields_before_the_end);
    }
}

}  // namespace ketjet
