// "1 wire", "2 wires", for messages.
#pragma once

#include <cstddef>
#include <string>

namespace ketjet {

inline std::string counted(std::size_t number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace ketjet
