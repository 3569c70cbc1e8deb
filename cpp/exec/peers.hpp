// The ranks of a run whose state is shared out among several processes, as one of them sees the others. All ranks make
// the same calls in the same order, from the thread that leads their run.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ketjet {

class Peers {
 public:
    virtual ~Peers() = default;

    virtual int rank() const = 0;
    virtual int size() const = 0;  // a power of two
    // Collects what every rank gives, equally many bytes each, in the order of ranks.
    virtual void gather(std::span<const std::byte> mine, std::span<std::byte> all) = 0;
    // Gives each rank its own bytes, of any number, and returns what they give to this one.
    virtual std::vector<std::vector<std::byte>> deal(std::span<const std::vector<std::byte>> given) = 0;
    // Begins to send bytes to another rank, which sends as many in return, and returns the number to wait for it by.
    // Both stretches of memory stay as they are until then.
    virtual int start(int peer, std::span<const std::byte> out, std::span<std::byte> in) = 0;
    virtual void finish(int ticket) = 0;

    // Whether the ranks have agreed to end this run (exec/agree.hpp): they make no more calls.
    bool have_ended() const { return have_ended_; }
    void end() { have_ended_ = true; }

 private:
    bool have_ended_ = false;
};

}  // namespace ketjet
