// What this computer offers: caches, the cores this process may use, the memory it may take. Detected once, or
// given by a test: every consumer takes a Machine value and never asks the system itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ketjet {

struct Machine {
    std::int64_t l1_bytes = 32 << 10;    // data cache of one core
    std::int64_t l2_bytes = 1 << 20;     // of one core
    std::int64_t l3_bytes = 32 << 20;    // shared
    int cores = 1;                       // min(affinity, cgroup CPU quota), at least 1
    std::string cores_rule = "default";  // which limit set `cores`: "online", "affinity", "cgroup"
    double sweep_factor = 1;             // time of gathering and scattering over what the cost model has built in
    double pass_factor = 1;              // the same for work on a block in cache

    bool operator==(const Machine&) const = default;
};

// Reads sysfs, the scheduler affinity and cgroup v1/v2. `root` replaces "/" in tests.
Machine detect_machine(const std::string& root = "/");

// What the buffers of this process take, told apart as the system counts it (base/buffer_pool.hpp).
struct BufferUsage {
    std::size_t in_use = 0;     // by live ones
    std::size_t pooled = 0;     // kept warm for the next ones
    std::size_t offered = 0;    // kept mapped, but offered to the system, which counts it as free
    std::size_t reclaimed = 0;  // what of the first two was offered once and may still be counted as free
    std::size_t untouched = 0;  // what of the first was promised to its owner, who has not touched it yet
};

struct AvailableMemory {
    std::int64_t bytes = 0;
    std::string rule;  // the binding limit: "MemAvailable", "physical memory" (where the system does not tell what is
                       // available), "cgroup v1", "cgroup v2", "RLIMIT_AS"; "unlimited" when nothing could be read
};

// The memory this process could still take now, that which its buffers keep included: min(MemAvailable, every cgroup
// limit on the way up minus its usage (page cache that can be dropped does not count as usage), RLIMIT_AS minus the
// mapped size).
AvailableMemory available_memory(const BufferUsage& buffers = {}, const std::string& root = "/");

// The memory of this process that is in RAM; 0 where the system does not tell.
std::int64_t resident_bytes();

// What of it the system may take whenever it lacks memory; 0 where the system does not tell.
std::int64_t lazily_freed_bytes();

// Whether memory is taken from others as soon as it is mapped: where the address space of this process is limited, or
// the system promises no more memory than it has.
bool mapping_takes_memory();

}  // namespace ketjet
