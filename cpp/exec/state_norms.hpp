// The squared norms of the parts of a state: what its basis states are drawn by.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/charged.hpp"

namespace ketjet {

struct StateNorms {
    std::vector<double> chunks;     // of 2^chunk_bits amplitudes each
    OutcomesVector<double> rows{};  // that chunks consist of, all of one length, in order; empty if not known

    // The rows of a chunk; itself if they are not known.
    std::span<const double> rows_of(std::size_t chunk) const {
        if (rows.empty()) return std::span(chunks).subspan(chunk, 1);
        const std::size_t count = rows.size() / chunks.size();
        return std::span(rows).subspan(chunk * count, count);
    }
};

}  // namespace ketjet
