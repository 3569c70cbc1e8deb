// Detection of caches and cores; what cannot be read sets no limit.
#include "base/machine.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/system_files.hpp"

#ifdef __linux__
#include <sched.h>
#endif

namespace ketjet {

namespace {

// "48K" and its like, as sysfs writes cache sizes.
Number read_size(const std::string& path) {
    const std::vector<std::string> words = words_of(read_text(path));
    if (words.empty()) return std::nullopt;
    std::string_view word = words[0];
    constexpr std::string_view units = "KMG";
    const std::size_t unit = units.find(word.back());
    int shift = 0;
    if (unit != std::string_view::npos) {
        word.remove_suffix(1);
        shift = 10 * (static_cast<int>(unit) + 1);
    }
    const Number value = parse_number(word);
    if (!value || *value <= 0 || *value > unlimited >> shift) return std::nullopt;
    return *value << shift;
}

// The number of CPUs in a list such as "0-3,8".
Number count_cpus(const std::string& list) {
    std::istringstream ranges(list);
    std::int64_t count = 0;
    for (std::string range; std::getline(ranges, range, ',');) {
        while (!range.empty() && range.back() == '\n') range.pop_back();
        const std::size_t dash = range.find('-');
        const Number first = parse_number(std::string_view(range).substr(0, dash));
        const Number last = dash == std::string::npos ? first : parse_number(std::string_view(range).substr(dash + 1));
        if (!first || !last || *first < 0 || *last < *first || *last > (1 << 20)) return std::nullopt;
        count += *last - *first + 1;
    }
    return count > 0 ? Number(count) : std::nullopt;
}

// The whole cores that `quota` of every `period` microseconds amounts to, rounded up.
Number cores_of_quota(Number quota, Number period) {
    if (!quota || !period || *quota <= 0 || *period <= 0 || *quota >= unlimited) return std::nullopt;
    return (*quota - 1) / *period + 1;
}

Number cgroup_cores(const std::string& root) {
    const CgroupDirectories directories = cgroup_directories(root, "cpu");
    Number cores;
    const auto keep_smaller = [&](Number other) {
        if (other && (!cores || *other < *cores)) cores = other;
    };
    for (const std::string& directory : directories.v1) {
        const Number quota = read_number(directory + "/cpu.cfs_quota_us");
        if (quota) keep_smaller(cores_of_quota(quota, read_number(directory + "/cpu.cfs_period_us")));
    }
    for (const std::string& directory : directories.v2) {
        keep_smaller(cores_of_quota(read_number(directory + "/cpu.max", 0), read_number(directory + "/cpu.max", 1)));
    }
    return cores;
}

Number affinity_cores() {
#ifdef __linux__
    for (int most = 1024; most <= 1 << 20; most *= 4) {
        std::vector<char> bytes(CPU_ALLOC_SIZE(most));
        auto* const set = reinterpret_cast<cpu_set_t*>(bytes.data());
        if (sched_getaffinity(0, bytes.size(), set) == 0) return CPU_COUNT_S(bytes.size(), set);
    }
#endif
    return std::nullopt;
}

void detect_cores(const std::string& root, bool real, Machine& machine) {
    Number online = count_cpus(read_text(root + "sys/devices/system/cpu/online"));
    if (!online && real) online = sysconf(_SC_NPROCESSORS_ONLN);
    const std::pair<Number, const char*> limits[] = {
        {online, "online"},
        {real ? affinity_cores() : std::nullopt, "affinity"},
        {cgroup_cores(root), "cgroup"},
    };
    Number cores;
    for (const auto& [limit, rule] : limits) {
        if (!limit || *limit < 1 || (cores && *limit >= *cores)) continue;
        cores = limit;
        machine.cores_rule = rule;
    }
    machine.cores = static_cast<int>(std::clamp<std::int64_t>(cores.value_or(1), 1, 1 << 20));
}

void detect_caches(const std::string& root, [[maybe_unused]] bool real, Machine& machine) {
    std::int64_t found[4] = {0, 0, 0, 0};  // by level; 0: unknown
#ifdef _SC_LEVEL1_DCACHE_SIZE
    if (real) {
        found[1] = sysconf(_SC_LEVEL1_DCACHE_SIZE);
        found[2] = sysconf(_SC_LEVEL2_CACHE_SIZE);
        found[3] = sysconf(_SC_LEVEL3_CACHE_SIZE);
    }
#endif
    for (int index = 0; index < 16; ++index) {
        const std::string cache = root + "sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
        const Number level = read_number(cache + "level");
        const Number size = read_size(cache + "size");
        if (!level || !size || *level < 1 || *level > 3) continue;
        if (words_of(read_text(cache + "type")) == std::vector<std::string>{"Instruction"}) continue;
        found[*level] = *size;
    }
    if (found[1] > 0) machine.l1_bytes = found[1];
    if (found[2] > 0) machine.l2_bytes = found[2];
    if (found[3] > 0) machine.l3_bytes = found[3];
}

}  // namespace

Machine detect_machine(const std::string& root) {
    const std::string base = with_slash(root);
    const bool real = base == "/";
    Machine machine;
    detect_caches(base, real, machine);
    detect_cores(base, real, machine);
    return machine;
}

}  // namespace ketjet
