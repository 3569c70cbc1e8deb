// What memory the system, the cgroups and the address space leave to this process, and what it holds.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/machine.hpp"
#include "base/system_files.hpp"

namespace ketjet {

namespace {

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
    smallest.add(*limit - used + droppable - in_use + signed_size(buffers.pooled) - signed_size(buffers.untouched),
                 files.rule);
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
        smallest.add((*available << 10) - in_use + signed_size(buffers.pooled) - signed_size(buffers.untouched),
                     "MemAvailable");
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

}  // namespace

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
