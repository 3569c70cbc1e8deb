// What the system tells about itself in small files of text: /proc, /sys and the cgroup trees. Every source is
// optional: a missing or unreadable file, "max" or garbage is no number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ketjet {

using Number = std::optional<std::int64_t>;

// Kernels write "no limit" as a number just below 2^63.
inline constexpr std::int64_t unlimited = std::int64_t{1} << 60;

std::string read_text(const std::string& path);
std::vector<std::string> words_of(const std::string& text);
Number parse_number(std::string_view word);
// The `index`-th word of a file, as a number.
Number read_number(const std::string& path, std::size_t index = 0);
// The number after `name` in the text of a file of "name number" lines such as meminfo and memory.stat.
Number field_of(const std::string& file, const std::string& name);

struct CgroupDirectories {
    std::vector<std::string> v1;
    std::vector<std::string> v2;
};

// Where the limits of `controller` ("memory", "cpu") on this process may stand; in hybrid set-ups both are filled.
CgroupDirectories cgroup_directories(const std::string& root, std::string_view controller);

// A root to which relative paths can be appended.
std::string with_slash(const std::string& root);

}  // namespace ketjet
