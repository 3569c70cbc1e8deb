// A Team is one group of threads kept together for a whole circuit: bodies are run by every member, blocks are shared
// out statically, and an exception in one member stops the others at the next barrier and is rethrown once on the
// calling thread. Where the system has no more threads a team has fewer members.
#pragma once

#include <cstdint>
#include <functional>

namespace ketjet {

class Team {
 public:
    int rank() const { return rank_; }
    int size() const { return size_; }

    // Waits for all members; throws in every member when one of them has failed.
    void barrier();

    // The half-open share [begin, end) of `count` items that belongs to this member.
    struct Range {
        std::int64_t begin;
        std::int64_t end;
    };
    Range share(std::int64_t count) const;

 private:
    friend void run_team(int, const std::function<void(Team&)>&);
    struct Shared;
    Team(int rank, int size, Shared* shared) : rank_(rank), size_(size), shared_(shared) {}

    int rank_;
    int size_;
    Shared* shared_;
};

// Runs `body` on up to `threads` members and returns when all have ended; a team inside a team has one member.
void run_team(int threads, const std::function<void(Team&)>& body);

// Applies `body(begin, end)` to disjoint shares of `count` items.
void parallel_for(int threads, std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace ketjet
