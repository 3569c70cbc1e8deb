// Lets other Python threads run while the engine works: what py::gil_scoped_release does, but safe at the end of the
// interpreter. Up to Python 3.13 a daemon thread that asks for the GIL then is unwound, which no destructor survives.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <optional>

namespace ketjet::bindings {

class ReleasedGil {
 public:
    ReleasedGil() : thread_(PyEval_SaveThread()) {}
    ReleasedGil(const ReleasedGil&) = delete;
    ReleasedGil& operator=(const ReleasedGil&) = delete;
    ~ReleasedGil() {
        try {
            PyEval_RestoreThread(thread_);
        } catch (...) {
            while (true) pause();  // as Python 3.14 does: the process is about to end
        }
    }

 private:
    PyThreadState* thread_;
};

// Takes the GIL on a thread that has released it, for a call into Python in the middle of a run. What the end of the
// interpreter does to such a thread is as above.
class TakenGil {
 public:
    TakenGil() {
        try {
            state_ = PyGILState_Ensure();
        } catch (...) {
            while (true) pause();
        }
    }
    TakenGil(const TakenGil&) = delete;
    TakenGil& operator=(const TakenGil&) = delete;
    ~TakenGil() { PyGILState_Release(state_); }

 private:
    PyGILState_STATE state_;
};

// Work on so many items is not worth giving the GIL away, for which a busy thread may keep the caller waiting.
constexpr std::size_t few_items = 1024;

// Releases the GIL for work on many items.
class ReleasedForMany {
 public:
    explicit ReleasedForMany(std::size_t items) {
        if (items > few_items) released_.emplace();
    }

 private:
    std::optional<ReleasedGil> released_;
};

// Deletes an object of many items, which may take as long as making it, without the GIL.
struct DeletedForMany {
    template <class T>
    void operator()(T* object) const {
        const ReleasedForMany released(number_of_items(*object));
        delete object;
    }
};

// Lets other threads have the GIL, if they want it, in the middle of a long piece of work; to be called often. They ask
// for it once they have waited for 5 ms. Whoever lets go of it sooner and takes it back at once only makes them wait
// anew, and may go on like that for a hundred milliseconds.
inline void let_others_run() {
    constexpr std::chrono::milliseconds longer_than_they_wait{6};
    thread_local std::chrono::steady_clock::time_point last;
    if (std::chrono::steady_clock::now() - last < longer_than_they_wait) return;
    {
        const ReleasedGil for_a_moment;
    }
    last = std::chrono::steady_clock::now();
}

// While it lives no garbage is collected: Python objects are made without running Python code, hence without losing the
// GIL, and at the end of the interpreter their owners are not unwound. It does not outlive a release of the GIL.
class NoCollection {
 public:
    NoCollection() : was_enabled_(PyGC_Disable() != 0) {}
    NoCollection(const NoCollection&) = delete;
    NoCollection& operator=(const NoCollection&) = delete;
    ~NoCollection() {
        if (was_enabled_) PyGC_Enable();
    }

 private:
    bool was_enabled_;
};

}  // namespace ketjet::bindings
