#include "base/system_files.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace ketjet {

namespace {

// Whether a comma-separated list contains `name`.
bool in_list(const std::string& list, std::string_view name) {
    std::istringstream items(list);
    for (std::string item; std::getline(items, item, ',');) {
        if (item == name) return true;
    }
    return false;
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

}  // namespace

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

Number read_number(const std::string& path, std::size_t index) {
    const std::vector<std::string> words = words_of(read_text(path));
    return index < words.size() ? parse_number(words[index]) : std::nullopt;
}

Number field_of(const std::string& file, const std::string& name) {
    const std::string text = std::string("\n").append(file);
    const std::size_t line = text.find(std::string("\n").append(name).append(" "));
    if (line == std::string::npos) return std::nullopt;
    const std::size_t begin = text.find_first_not_of(' ', line + 1 + name.size());
    if (begin == std::string::npos) return std::nullopt;
    return parse_number(std::string_view(text).substr(begin, text.find_first_of(" \n", begin) - begin));
}

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

std::string with_slash(const std::string& root) { return root.ends_with('/') ? root : root + '/'; }

}  // namespace ketjet
