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

}  // namespace ketjet::bindings
