// The Python handle of RunCounters: in memory of its own, or in a buffer that other processes map too.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "base/stop_token.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

class RunControl {
 public:
    RunControl() : own_(std::make_unique<RunCounters>()), counters_(own_.get()) {}
    explicit RunControl(const py::buffer& buffer) : buffer_(buffer.request(true)) {
        const auto address = reinterpret_cast<std::uintptr_t>(buffer_.ptr);
        if (static_cast<std::size_t>(buffer_.size * buffer_.itemsize) < sizeof(RunCounters) ||
            address % alignof(RunCounters) != 0) {
            throw std::invalid_argument("RunControl needs an aligned, zeroed, writable buffer of at least " +
                                        std::to_string(sizeof(RunCounters)) + " bytes");
        }
        counters_ = static_cast<RunCounters*>(buffer_.ptr);
    }

    RunCounters& counters() const { return *counters_; }
    void stop() { counters_->stop.store(1, std::memory_order_relaxed); }

 private:
    py::buffer_info buffer_;
    std::unique_ptr<RunCounters> own_;
    RunCounters* counters_;
};

}  // namespace ketjet::bindings
