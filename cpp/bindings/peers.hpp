// Ranks that Python calls: an object with the methods of Peers, which are given memory and copy nothing.
#pragma once

#include <pybind11/pybind11.h>

#include "exec/peers.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

// The calls take the GIL, which the run that makes them has released.
class PythonPeers : public Peers {
 public:
    // With the attributes `rank` and `size`, and the methods `gather(mine, all)`, `deal(given) -> taken`,
    // `start(peer, out, into) -> ticket` and `finish(ticket)`; stretches of memory are memoryviews of bytes.
    explicit PythonPeers(const py::object& peers);

    int rank() const override { return rank_; }
    int size() const override { return size_; }
    void gather(std::span<const std::byte> mine, std::span<std::byte> all) override;
    std::vector<std::vector<std::byte>> deal(std::span<const std::vector<std::byte>> given) override;
    int start(int peer, std::span<const std::byte> out, std::span<std::byte> in) override;
    void finish(int ticket) override;

 private:
    py::object peers_;
    int rank_;
    int size_;
};

}  // namespace ketjet::bindings
