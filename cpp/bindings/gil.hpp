// Lets other Python threads run while the engine works: what py::gil_scoped_release does, but safe at the end of the
// interpreter. Up to Python 3.13 a daemon thread that asks for the GIL then is unwound, which no destructor survives.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

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

// Lets other threads have the GIL, if they want it, in the middle of a long piece of work.
inline void let_others_run() { const ReleasedGil for_a_moment; }

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
