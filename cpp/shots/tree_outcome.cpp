#include "shots/tree_outcome.hpp"

#include <utility>

#include "shots/tuning.hpp"

namespace ketjet {

void TreeOutcome::add(TreeOutcome other, int words, const StopToken& stop) {
    readouts.add(other.readouts);
    norm_error = std::max(norm_error, other.norm_error);
    dropped += other.dropped;
    if (rows.weights.empty()) {
        rows = std::move(other.rows);
        rows_after_merge = other.rows_after_merge;
    } else {
        rows.keys.insert(rows.keys.end(), other.rows.keys.begin(), other.rows.keys.end());
        rows.weights.insert(rows.weights.end(), other.rows.weights.begin(), other.rows.weights.end());
        rows.ways.insert(rows.ways.end(), other.rows.ways.begin(), other.rows.ways.end());
    }
    shorten(words, stop);
}

void TreeOutcome::shorten(int words, const StopToken& stop) {
    if (rows.weights.size() < 2 * rows_after_merge + max_draws) return;
    rows = tabulate(std::move(rows), words, stop);
    rows_after_merge = rows.weights.size();
}

}  // namespace ketjet
