// Runs classical code on the classical memory of a shot.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ketjet {

// The program did at run time what its meaning leaves open, e.g. divided by zero.
struct ClassicalError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Runs checked code. `memory` is `clbit_words` words with the classical bits, 64 to a word, then the variable words.
// Returns whether the word left on top of the stack is not 0, false when none is. Throws ClassicalError, what was
// stored before stays stored. `stack` is working memory: kept between calls, it soon needs no allocation.
bool run_code(std::span<const std::int64_t> code, std::uint64_t* memory, int clbit_words,
              std::span<const std::string> labels, std::vector<std::uint64_t>& stack);

}  // namespace ketjet
