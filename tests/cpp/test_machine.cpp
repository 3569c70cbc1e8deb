// Tests of machine detection on made-up /proc and /sys trees in a temporary folder, and of the two limits that can
// be set on the real process: its affinity and its address space.
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "base/machine.hpp"
#include "check.hpp"

using namespace ketjet;

namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;

// A fake root of the file system, removed at the end.
class Tree {
 public:
    Tree() {
        char pattern[] = "/tmp/ketjet_machine_XXXXXX";
        root_ = mkdtemp(pattern);
    }
    ~Tree() { std::filesystem::remove_all(root_); }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    Tree& file(const std::string& path, const std::string& text) {
        const std::filesystem::path full = std::filesystem::path(root_) / path;
        std::filesystem::create_directories(full.parent_path());
        std::ofstream(full) << text;
        return *this;
    }
    Tree& file(const std::string& path, std::int64_t number) { return file(path, std::to_string(number) + "\n"); }

    bool has_memory(std::int64_t bytes, const std::string& rule, const BufferUsage& buffers = {}) const {
        const AvailableMemory found = available_memory(buffers, root_);
        if (found.bytes == bytes && found.rule == rule) return true;
        std::fprintf(stderr, "found %lld (%s)\n", static_cast<long long>(found.bytes), found.rule.c_str());
        return false;
    }
    bool has_cores(int cores, const std::string& rule) const {
        const Machine found = detect_machine(root_);
        if (found.cores == cores && found.cores_rule == rule) return true;
        std::fprintf(stderr, "found %d (%s)\n", found.cores, found.cores_rule.c_str());
        return false;
    }
    const std::string& root() const { return root_; }

 private:
    std::string root_;
};

const std::string meminfo =
    "MemTotal:        8388608 kB\nMemFree:  1 kB\nMemAvailable:    4194304 kB\nSwapFree: 5 kB\n";

void test_nothing_to_read() {
    const Tree tree;
    CHECK(tree.has_memory(std::numeric_limits<std::int64_t>::max(), "unlimited"));
    CHECK(detect_machine(tree.root()) == Machine{});
    CHECK(detect_machine("/nonexistent") == Machine{});
}

void test_caches() {
    const std::string cache = "sys/devices/system/cpu/cpu0/cache/index";
    Tree tree;
    tree.file(cache + "0/level", "1\n").file(cache + "0/type", "Data\n").file(cache + "0/size", "48K\n");
    tree.file(cache + "1/level", "1\n").file(cache + "1/type", "Instruction\n").file(cache + "1/size", "64K\n");
    tree.file(cache + "2/level", "2\n").file(cache + "2/type", "Unified\n").file(cache + "2/size", "2M\n");
    tree.file(cache + "3/level", "3\n").file(cache + "3/type", "Unified\n").file(cache + "3/size", "32768K\n");
    Machine machine = detect_machine(tree.root());
    CHECK(machine.l1_bytes == 48 << 10 && machine.l2_bytes == 2 << 20 && machine.l3_bytes == 32 << 20);
    tree.file(cache + "0/size", "-3K\n").file(cache + "2/size", "K\n").file(cache + "3/size", "9999999999999999999G");
    machine = detect_machine(tree.root());
    CHECK(machine == Machine{});
}

void test_memory_v1() {
    Tree tree;
    tree.file("proc/meminfo", meminfo);
    CHECK(tree.has_memory(4096 * mib, "MemAvailable"));
    tree.file("proc/self/cgroup", "5:cpu,cpuacct:/job/7\n4:memory:/job/7\n1:name=systemd:/\n");
    CHECK(tree.has_memory(4096 * mib, "MemAvailable"));
    const std::string memory = "sys/fs/cgroup/memory";
    tree.file(memory + "/memory.limit_in_bytes", std::int64_t{0x7ffffffffffff000});  // "no limit"
    tree.file(memory + "/job/7/memory.limit_in_bytes", 1000 * mib);
    CHECK(tree.has_memory(1000 * mib, "cgroup v1"));
    tree.file(memory + "/job/7/memory.usage_in_bytes", 600 * mib);
    CHECK(tree.has_memory(400 * mib, "cgroup v1"));
    tree.file(memory + "/job/7/memory.stat", "cache 1\ninactive_file 5\ntotal_inactive_file 104857600\n");
    CHECK(tree.has_memory(500 * mib, "cgroup v1"));
    tree.file(memory + "/job/memory.limit_in_bytes", 800 * mib).file(memory + "/job/memory.usage_in_bytes", 700 * mib);
    CHECK(tree.has_memory(100 * mib, "cgroup v1"));
    tree.file(memory + "/job/memory.usage_in_bytes", 900 * mib);
    CHECK(tree.has_memory(0, "cgroup v1"));
}

// Inside a container the group's path is the host's and only the mount point is visible.
void test_memory_in_container() {
    Tree tree;
    tree.file("proc/meminfo", meminfo).file("proc/self/cgroup", "4:memory:/docker/abcdef\n");
    tree.file("sys/fs/cgroup/memory/memory.limit_in_bytes", 300 * mib);
    CHECK(tree.has_memory(300 * mib, "cgroup v1"));
}

void test_memory_v2() {
    Tree tree;
    tree.file("proc/meminfo", meminfo).file("proc/self/cgroup", "0::/user.slice/user-1/run\n");
    const std::string slice = "sys/fs/cgroup/user.slice";
    tree.file(slice + "/user-1/run/memory.max", "max\n").file(slice + "/user-1/run/memory.current", 900 * mib);
    CHECK(tree.has_memory(4096 * mib, "MemAvailable"));
    tree.file(slice + "/memory.max", 2000 * mib).file(slice + "/memory.current", 1500 * mib);
    tree.file(slice + "/memory.stat", "anon 7\nfile 8\ninactive_file 104857600\nactive_file 9\n");
    CHECK(tree.has_memory(600 * mib, "cgroup v2"));
    tree.file("sys/fs/cgroup/memory.max", 100 * mib);
    CHECK(tree.has_memory(100 * mib, "cgroup v2"));
}

// Memory that buffers keep is available; what they have reclaimed is not, though the lists of file pages hold it.
void test_memory_of_buffers() {
    const std::size_t one = static_cast<std::size_t>(mib);
    const BufferUsage reclaimed{.in_use = 500 * one, .pooled = 0, .offered = 0, .reclaimed = 400 * one};
    const std::string some = "Active(file): 307200 kB\nInactive(file): 512000 kB\nUnevictable: 0 kB\n";
    const std::string more = "Buffers: 102400 kB\nCached: 614400 kB\nShmem: 204800 kB\n";
    Tree tree;
    tree.file("proc/meminfo", meminfo);
    CHECK(tree.has_memory(4196 * mib, "MemAvailable", {.pooled = 100 * one, .offered = 300 * one}));
    CHECK(tree.has_memory(3696 * mib, "MemAvailable", reclaimed));  // as nothing else is known
    tree.file("proc/meminfo", meminfo + some + more);               // 1000 MiB listed, 700 MiB cached
    CHECK(tree.has_memory(3796 * mib, "MemAvailable", reclaimed));
    tree.file("proc/meminfo", meminfo + some + more + "Unrelated: 7 kB\n");
    CHECK(tree.has_memory(4096 * mib, "MemAvailable"));

    tree.file("proc/self/cgroup", "4:memory:/a\n0::/b\n");
    const std::string v1 = "sys/fs/cgroup/memory/a/memory.", v2 = "sys/fs/cgroup/unified/b/memory.";
    tree.file(v1 + "limit_in_bytes", 2000 * mib).file(v1 + "usage_in_bytes", 1500 * mib);
    tree.file(v1 + "stat",
              "total_cache 104857600\ntotal_shmem 0\ntotal_active_file 0\ntotal_unevictable 0\n"
              "total_inactive_file 314572800\n");  // 200 MiB of it in use
    CHECK(tree.has_memory(800 * mib, "cgroup v1"));
    CHECK(tree.has_memory(600 * mib, "cgroup v1", reclaimed));
    CHECK(tree.has_memory(900 * mib, "cgroup v1", {.pooled = 100 * one, .offered = 300 * one}));
    tree.file(v2 + "max", 1000 * mib).file(v2 + "current", 900 * mib);
    tree.file(v2 + "stat",
              "file 104857600\nshmem 104857600\nactive_file 0\nunevictable 0\n"
              "inactive_file 314572800\n");  // all of it in use
    CHECK(tree.has_memory(400 * mib, "cgroup v2"));
    CHECK(tree.has_memory(100 * mib, "cgroup v2", reclaimed));
    tree.file(v2 + "stat", "inactive_file 104857600\n");
    CHECK(tree.has_memory(100 * mib, "cgroup v2", reclaimed));
}

void test_memory_hybrid() {
    Tree tree;
    tree.file("proc/meminfo", meminfo).file("proc/self/cgroup", "4:memory:/a\n0::/b\n");
    tree.file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", 700 * mib);
    CHECK(tree.has_memory(700 * mib, "cgroup v1"));
    tree.file("sys/fs/cgroup/unified/b/memory.max", 600 * mib);
    CHECK(tree.has_memory(600 * mib, "cgroup v2"));
}

void test_garbage() {
    Tree tree;
    tree.file("proc/meminfo", meminfo);
    for (const std::string text :
         {"", "\n", ":", "::", "0", "4:memory", "4:memory:", "0::", "0::x", "0::/../..", "\xff\xfe"}) {
        tree.file("proc/self/cgroup", text);
        CHECK(tree.has_memory(4096 * mib, "MemAvailable"));
        CHECK(detect_machine(tree.root()) == Machine{});
    }
    tree.file("proc/self/cgroup", "0::/g\n4:memory:/g\n3:cpu:/g\n");
    for (const std::string text : {"", "max", "-1", "12x", "0x10", "99999999999999999999", "1e9", "\xff"}) {
        for (const std::string name :
             {"memory.max", "memory/g/memory.limit_in_bytes", "g/cpu.max", "cpu/g/cpu.cfs_quota_us"}) {
            tree.file("sys/fs/cgroup/" + name, text);
        }
        tree.file("sys/devices/system/cpu/online", text);
        CHECK(tree.has_memory(4096 * mib, "MemAvailable"));
        CHECK(tree.has_cores(1, "default"));
    }
    tree.file("sys/fs/cgroup/memory.max", 10 * mib)
        .file("sys/fs/cgroup/memory.current", "-5")
        .file("sys/fs/cgroup/memory.stat", "inactive_file");
    CHECK(tree.has_memory(10 * mib, "cgroup v2"));
    tree.file("proc/meminfo", "MemAvailable: lots\nMemAvailable");
    CHECK(tree.has_memory(10 * mib, "cgroup v2"));
    std::filesystem::create_directories(tree.root() + "/sys/fs/cgroup/g/memory.max");  // a folder instead of a file
    CHECK(tree.has_memory(10 * mib, "cgroup v2"));
}

void test_cores() {
    Tree tree;
    tree.file("sys/devices/system/cpu/online", "0-3,8,10-11\n");
    CHECK(tree.has_cores(7, "online"));
    tree.file("proc/self/cgroup", "5:cpu,cpuacct:/job/7\n4:memory:/job/7\n");
    tree.file("sys/fs/cgroup/cpu,cpuacct/job/7/cpu.cfs_quota_us", "-1")
        .file("sys/fs/cgroup/cpu,cpuacct/job/7/cpu.cfs_period_us", "100000");
    CHECK(tree.has_cores(7, "online"));
    tree.file("sys/fs/cgroup/cpu,cpuacct/job/7/cpu.cfs_quota_us", "250000");
    CHECK(tree.has_cores(3, "cgroup"));
    tree.file("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "100000")
        .file("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "50000");
    CHECK(tree.has_cores(2, "cgroup"));
    tree.file("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "0");
    CHECK(tree.has_cores(3, "cgroup"));

    tree.file("proc/self/cgroup", "0::/a/b\n");
    tree.file("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    CHECK(tree.has_cores(7, "online"));
    tree.file("sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    CHECK(tree.has_cores(4, "cgroup"));
    tree.file("sys/fs/cgroup/a/b/cpu.max", "1000 100000\n");
    CHECK(tree.has_cores(1, "cgroup"));
}

void test_this_process() {
    const Machine machine = detect_machine();
    CHECK(machine.cores >= 1 && machine.l1_bytes >= 4096 && machine.l2_bytes > 0 && machine.l3_bytes > 0);
    const AvailableMemory memory = available_memory();
    CHECK(memory.bytes > 0 && memory.rule != "unlimited");

    cpu_set_t before, one;
    CHECK(sched_getaffinity(0, sizeof before, &before) == 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    }
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(detect_machine().cores == 1);
    CHECK(machine.cores == 1 || detect_machine().cores_rule == "affinity");
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    CHECK(detect_machine() == machine);
}

void test_address_space_limit() {
    if (sanitized) return;  // the shadow memory alone is larger than any sensible limit
    rlimit before{};
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    rlimit limit = before;
    limit.rlim_cur = static_cast<rlim_t>(100 * mib);
    if (limit.rlim_cur > before.rlim_max || setrlimit(RLIMIT_AS, &limit) != 0) return;
    rlimit now{};
    if (getrlimit(RLIMIT_AS, &now) != 0 || now.rlim_cur != limit.rlim_cur) return;  // qemu-user only says it did
    const AvailableMemory memory = available_memory();
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    CHECK(memory.rule == "RLIMIT_AS" && memory.bytes > 0 && memory.bytes < 100 * mib);
}

}  // namespace

int main() {
    test_nothing_to_read();
    test_caches();
    test_memory_v1();
    test_memory_in_container();
    test_memory_v2();
    test_memory_of_buffers();
    test_memory_hybrid();
    test_garbage();
    test_cores();
    test_this_process();
    test_address_space_limit();
    return failed_checks == 0 ? 0 : 1;
}
