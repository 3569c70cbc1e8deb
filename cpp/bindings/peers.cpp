#include "bindings/peers.hpp"

#include <cstring>
#include <utility>

#include "bindings/gil.hpp"

namespace ketjet::bindings {

namespace {

py::memoryview view(std::span<const std::byte> bytes) {
    return py::memoryview::from_memory(bytes.data(), static_cast<py::ssize_t>(bytes.size()));
}
py::memoryview view(std::span<std::byte> bytes) {
    return py::memoryview::from_memory(bytes.data(), static_cast<py::ssize_t>(bytes.size()));
}

}  // namespace

PythonPeers::PythonPeers(const py::object& peers)
    : peers_(peers), rank_(peers.attr("rank").cast<int>()), size_(peers.attr("size").cast<int>()) {}

void PythonPeers::gather(std::span<const std::byte> mine, std::span<std::byte> all) {
    const TakenGil taken;
    peers_.attr("gather")(view(mine), view(all));
}

std::vector<std::vector<std::byte>> PythonPeers::deal(std::span<const std::vector<std::byte>> given) {
    const TakenGil taken;
    py::list out;
    for (const std::vector<std::byte>& bytes : given) out.append(view(std::span<const std::byte>(bytes)));
    std::vector<std::vector<std::byte>> result;
    for (const py::handle each : peers_.attr("deal")(out)) {
        const py::buffer_info info = py::reinterpret_borrow<py::buffer>(each).request();
        std::vector<std::byte>& bytes = result.emplace_back(static_cast<std::size_t>(info.size * info.itemsize));
        if (!bytes.empty()) std::memcpy(bytes.data(), info.ptr, bytes.size());
    }
    if (result.size() != given.size()) throw std::runtime_error("not every rank has been heard");
    return result;
}

int PythonPeers::start(int peer, std::span<const std::byte> out, std::span<std::byte> in) {
    const TakenGil taken;
    return peers_.attr("start")(peer, view(out), view(in)).cast<int>();
}

void PythonPeers::finish(int ticket) {
    const TakenGil taken;
    peers_.attr("finish")(ticket);
}

}  // namespace ketjet::bindings
