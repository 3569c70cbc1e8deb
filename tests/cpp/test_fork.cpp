// A child forked while other threads plan and allocate can do both itself.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/aligned_buffer.hpp"
#include "base/machine.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "plan/plan_cache.hpp"

using namespace ketjet;

namespace {

constexpr int forks = 200;
constexpr unsigned max_seconds = 20;  // for a child; without an error it needs microseconds
constexpr std::size_t bytes = 1 << 20;

Program rotations(int layers) {
    Builder builder(5);
    for (int layer = 0; layer < layers; ++layer) {
        for (int q = 0; q < 5; ++q) builder.gate("rx", {q}, {0.5});
    }
    return builder.build();
}

bool works_in_child() {
    const pid_t child = fork();
    if (child == 0) {
        alarm(max_seconds);
        const bool planned = cached_plan(rotations(1), Machine{}, {}) != nullptr;
        _exit(planned && AlignedBuffer(bytes).data() != nullptr ? 0 : 1);
    }
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main() {
#ifdef __SANITIZE_ADDRESS__
    return 0;  // the allocator of GCC 12's AddressSanitizer may be locked in a child for ever
#endif
    std::atomic<bool> done = false;
    std::thread plans([&] {
        for (int layers = 1; !done; layers = layers % 100 + 1) {
            cached_plan(rotations(layers), Machine{}, {});
        }
    });
    std::thread allocates([&] {
        while (!done) AlignedBuffer buffer(bytes);
    });
    for (int i = 0; i < forks; ++i) CHECK(works_in_child());
    done = true;
    plans.join();
    allocates.join();
    return failed_checks == 0 ? 0 : 1;
}
