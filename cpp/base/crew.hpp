// Threads that stand by for the thread that owns them: started when it first wants them, kept as long as it lives.
// Those of OpenMP would end the process where the system has no thread left, and hang in a forked child.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ketjet {

// How long a thread that waits spins, and how often it yields after that, before it sleeps.
struct Patience {
    std::chrono::nanoseconds spins;
    int yields;
};

// Returns the new value of `word` once it differs from `old`. Whoever changes it notifies.
std::uint32_t wait_for_change(const std::atomic<std::uint32_t>& word, std::uint32_t old, Patience patience);

class Crew {
 public:
    Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew();

    // How many threads can work together, this one included: as many as wanted, or as the system lets start.
    int muster(int wanted);

    // Calls `work(rank)`, which must not throw, for every rank below `members`, 0 on this thread; returns when all have
    // ended. No more than `muster` said last.
    void run(int members, const std::function<void(int)>& work);

 private:
    using Word = std::atomic<std::uint32_t>;
    struct Hand {
        alignas(64) Word turn{0};                        // changes when there is work
        const std::function<void(int)>* work = nullptr;  // null: go home
        int owners_core = -1;
        int rank = 0;
    };
    static void serve(const std::shared_ptr<Hand>& hand, const std::shared_ptr<Word>& at_work);

    std::vector<std::shared_ptr<Hand>> hands_;
    std::shared_ptr<Word> at_work_;  // hands that have not ended yet
    unsigned forks_;                 // how often this process had been forked off when they started
};

}  // namespace ketjet
