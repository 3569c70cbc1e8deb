// gather and scatter: between the interleaved state in memory and the split block in cache.

namespace ketjet {
namespace {

template <class T>
void gather(const void* state, void* block, const CopyArgs& args) {
    const T* const source = static_cast<const T*>(state);
    T* target = static_cast<T*>(block);
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    for (std::uint64_t row = 0; row < args.rows; ++row) {
        if (args.row_offsets[row] & args.zero_mask) {
            for (std::uint64_t i = 0; i < 2 * vectors; ++i, target += lanes<T>) store(target, Vector<T>{});
            continue;
        }
        const T* run = source + 2 * args.row_offsets[row];
        for (std::uint64_t i = 0; i < vectors; ++i, run += stride<T>, target += stride<T>) {
            Vector<T> re, im;
            split_pairs(load(run), load(run + lanes<T>), re, im);
            store(target, re);
            store(target + lanes<T>, im);
        }
    }
}

template <class T>
void scatter(void* state, const void* block, const CopyArgs& args) {
    T* const target = static_cast<T*>(state);
    const T* source = static_cast<const T*>(block);
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    for (std::uint64_t row = 0; row < args.rows; ++row) {
        T* run = target + 2 * args.row_offsets[row];
        for (std::uint64_t i = 0; i < vectors; ++i, run += stride<T>, source += stride<T>) {
            Vector<T> low, high;
            join_pairs(load(source), load(source + lanes<T>), low, high);
            store(run, low);
            store(run + lanes<T>, high);
        }
    }
}

}  // namespace
}  // namespace ketjet
