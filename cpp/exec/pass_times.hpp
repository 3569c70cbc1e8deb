// How long one sweep has taken, pass by pass: seconds of threads, without planning, emitting and waits.
#pragma once

#include <vector>

namespace ketjet {

struct PassTimes {
    double gather = 0;
    double scatter = 0;
    double reading = 0;          // strings, behind all passes
    std::vector<double> passes;  // phases that join the turns before them count to these
};

}  // namespace ketjet
