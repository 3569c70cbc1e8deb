// Detection of caches, cores and available memory from /sys, /proc and the cgroup trees. Every source is optional:
// a missing or unreadable file, "max" or garbage simply sets no limit.
#include "base/machine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

namespace ketjet {

namespace {

using Number = std::optional<std::int64_t>;

// Kernels write "no limit" as a number just below 2^63.
constexpr std::int64_t unlimited = std::int64_t{1} << 60;

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    if (file) text << file.rdbuf();
    return text.str();
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

Number parse_number(std::string_view word) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return value;
}

// The `index`-th word of a file, as a number.
Number read_number(const std::string& path, std::size_t index = 0) {
    const std::vector<std::string> words = words_of(read_text(path));
    return index < words.size() ? parse_number(words[index]) : std::nullopt;
}

// Whether a comma-separated list contains `name`.
bool in_list(const std::string& list, std::string_view name) {
    std::istringstream items(list);
    for (std::string item; std::getline(items, item, ',');) {
        if (item == name) return true;
    }
    return false;
}

// The number after `name` in the text of a file of "name number" lines such as meminfo and memory.stat.
Number field_of(const std::string& file, const std::string& name) {
    const std::string text = std::string("\n").append(file);
    const std::size_t line = text.find(std::string("\n").append(name).append(" "));
    if (line == std::string::npos) return std::nullopt;
    const std::size_t begin = text.find_first_not_of(' ', line + 1 + name.size());
    if (begin == std::string::npos) return std::nullopt;
    return parse_number(std::string_view(text).substr(begin, text.find_first_of(" \n", begin) - begin));
}

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

// One directory per level of this process's group in one hierarchy, from the group itself up to the mount point.
// Inside a container the path often names the host's tree; then only the mount point itself exists, and counts.
std::vector<std::string> levels(const std::string& mount, std::string path) {
    std::vector<std::string> directories;
    while (!path.empty() && path != "/") {
        directories.push_back(mount + path);
        path.resize(std::min(path.rfind('/'), path.size() - 1));
    }
    directories.push_back(mount);
    return directories;
}

struct CgroupDirectories {
    std::vector<std::string> v1;
    std::vector<std::string> v2;
};

// Where the limits of `controller` ("memory", "cpu") on this process may stand; in hybrid set-ups both are filled.
CgroupDirectories cgroup_directories(const std::string& root, std::string_view controller) {
    const std::string mounts = root + "sys/fs/cgroup";
    CgroupDirectories result;
    std::istringstream lines(read_text(root + "proc/self/cgroup"));
    for (std::string line; std::getline(lines, line);) {  // hierarchy:controller,controller:path
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string names = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        const auto append = [&](std::vector<std::string>& to, const std::string& mount) {
            for (std::string& directory : levels(mount, path)) to.push_back(std::move(directory));
        };
        if (names.empty()) {
            append(result.v2, mounts);
            append(result.v2, mounts + "/unified");
        } else if (in_list(names, controller)) {
            append(result.v1, mounts + "/" + names);
            if (names != controller) append(result.v1, mounts + "/" + std::string(controller));
        }
    }
    return result;
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

void detect_caches(const std::string& root, bool real, Machine& machine) {
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

// The smallest of the limits seen so far.
class Smallest {
 public:
    void add(Number bytes, const char* rule) {
        if (bytes && *bytes < result_.bytes) result_ = {std::max<std::int64_t>(*bytes, 0), rule};
    }
    const AvailableMemory& result() const { return result_; }

 private:
    AvailableMemory result_{std::numeric_limits<std::int64_t>::max(), "unlimited"};
};

std::int64_t signed_size(std::size_t bytes) { return static_cast<std::int64_t>(bytes); }

// The fields of a file of memory statistics that count the pages of files and of shared memory: by the lists on which
// they wait to be dropped, and in all.
struct FilePages {
    std::vector<const char*> listed;
    std::vector<const char*> cached;
};

// What of the memory that buffers have reclaimed the system still counts as free. Pages that were offered wait on the
// lists of pages of files, in use or not, until the system needs memory and looks at them. So it is no more than what
// these lists hold beyond pages of files.
std::int64_t counted_as_free(const std::string& statistics, const FilePages& fields, int shift,
                             std::int64_t reclaimed) {
    if (reclaimed == 0) return 0;
    bool known = true;
    const auto sum = [&](const std::vector<const char*>& names) {
        std::int64_t bytes = 0;
        for (const char* const name : names) {
            const Number number = field_of(statistics, name);
            known = known && number.has_value();
            bytes += std::clamp<std::int64_t>(number.value_or(0), 0, (unlimited >> 2) >> shift) << shift;
        }
        return bytes;
    };
    const std::int64_t beyond = sum(fields.listed) - sum(fields.cached);
    return known ? std::clamp<std::int64_t>(beyond, 0, reclaimed) : reclaimed;
}

// The file names of one cgroup version.
struct MemoryFiles {
    const char* rule;
    const char* limit;
    const char* usage;
    const char* droppable;  // the field of memory.stat that counts page cache to be dropped first
    FilePages pages;
};

void add_cgroup(const std::string& directory, const MemoryFiles& files, const BufferUsage& buffers,
                Smallest& smallest) {
    const Number limit = read_number(directory + files.limit);
    if (!limit || *limit < 0 || *limit >= unlimited) return;
    const std::int64_t used = std::clamp<std::int64_t>(read_number(directory + files.usage).value_or(0), 0, unlimited);
    const std::string statistics = read_text(directory + "/memory.stat");
    const std::int64_t droppable = std::clamp<std::int64_t>(field_of(statistics, files.droppable).value_or(0), 0, used);
    const std::int64_t in_use =
        counted_as_free(statistics, files.pages, 0, std::min(signed_size(buffers.reclaimed), droppable));
    smallest.add(*limit - used + droppable - in_use + signed_size(buffers.pooled), files.rule);
}

void add_cgroups(const std::string& root, const BufferUsage& buffers, Smallest& smallest) {
    const MemoryFiles v1{
        "cgroup v1",
        "/memory.limit_in_bytes",
        "/memory.usage_in_bytes",
        "total_inactive_file",
        {{"total_active_file", "total_inactive_file", "total_unevictable", "total_shmem"}, {"total_cache"}}};
    const MemoryFiles v2{"cgroup v2",
                         "/memory.max",
                         "/memory.current",
                         "inactive_file",
                         {{"active_file", "inactive_file", "unevictable", "shmem"}, {"file"}}};
    const CgroupDirectories directories = cgroup_directories(root, "memory");
    for (const std::string& directory : directories.v1) add_cgroup(directory, v1, buffers, smallest);
    for (const std::string& directory : directories.v2) add_cgroup(directory, v2, buffers, smallest);
}

void add_system(const std::string& root, const BufferUsage& buffers, Smallest& smallest) {
    const std::string statistics = read_text(root + "proc/meminfo");
    const Number available = field_of(statistics, "MemAvailable:");
    if (available && *available >= 0 && *available < unlimited >> 10) {
        const FilePages pages{{"Active(file):", "Inactive(file):", "Unevictable:", "Shmem:"}, {"Cached:", "Buffers:"}};
        const std::int64_t in_use = counted_as_free(statistics, pages, 10, signed_size(buffers.reclaimed));
        smallest.add((*available << 10) - in_use + signed_size(buffers.pooled), "MemAvailable");
    } else if (root == "/") {
        const std::int64_t number = sysconf(_SC_PHYS_PAGES);
        if (number > 0) smallest.add(number * sysconf(_SC_PAGESIZE) + signed_size(buffers.pooled), "physical memory");
    }
}

// The most bytes that this process may map.
Number address_space() {
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
    if (limit.rlim_cur >= static_cast<rlim_t>(unlimited)) return std::nullopt;
    return static_cast<std::int64_t>(limit.rlim_cur);
}

void add_address_space(const BufferUsage& buffers, Smallest& smallest) {
    const Number limit = address_space();
    if (!limit) return;
    const std::int64_t mapped = read_number("/proc/self/statm").value_or(0) * sysconf(_SC_PAGESIZE);
    smallest.add(*limit - mapped + signed_size(buffers.pooled + buffers.offered), "RLIMIT_AS");
}

std::string with_slash(const std::string& root) { return root.ends_with('/') ? root : root + '/'; }

}  // namespace

Machine detect_machine(const std::string& root) {
    const std::string base = with_slash(root);
    const bool real = base == "/";
    Machine machine;
    detect_caches(base, real, machine);
    detect_cores(base, real, machine);
    return machine;
}

AvailableMemory available_memory(const BufferUsage& buffers, const std::string& root) {
    const std::string base = with_slash(root);
    Smallest smallest;
    add_system(base, buffers, smallest);
    add_cgroups(base, buffers, smallest);
    if (base == "/") add_address_space(buffers, smallest);
    return smallest.result();
}

std::int64_t resident_bytes() { return read_number("/proc/self/statm", 1).value_or(0) * sysconf(_SC_PAGESIZE); }

std::int64_t lazily_freed_bytes() {
    return field_of(read_text("/proc/self/smaps_rollup"), "LazyFree:").value_or(0) << 10;
}

bool mapping_takes_memory() {
    constexpr std::int64_t never = 2;  // /proc/sys/vm/overcommit_memory
    return address_space().has_value() || read_number("/proc/sys/vm/overcommit_memory") == never;
}

}  // namespace ketjet
