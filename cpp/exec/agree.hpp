// What one rank's run ends by ends those of all others.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "exec/peers.hpp"
#include "exec/run_context.hpp"

namespace ketjet {

// Another rank has failed.
struct PeerFailed : std::runtime_error {
    PeerFailed(int rank, const std::string& reason)
        : std::runtime_error("rank " + std::to_string(rank) + " has failed: " + reason) {}
};

// Asks all ranks whether they go on, and throws on all if one does not: what `failure` is where it is not null, else
// what the lowest rank that fails has. Cancelled, TimeLimitReached and std::bad_alloc are the same on all ranks,
// anything else is a PeerFailed.
void agree(const RunContext& context, const std::exception_ptr& failure);

// Does a part of a run that another rank may fail in, and agrees with them about it. Parts may have parts: ranks that
// end in different ones meet in whichever comes first on each.
template <class Part>
void in_agreement(const RunContext& context, Part part) {
    std::exception_ptr failure;
    try {
        part();
    } catch (...) {
        if (context.peers->have_ended()) throw;
        failure = std::current_exception();
    }
    agree(context, failure);
}

}  // namespace ketjet
