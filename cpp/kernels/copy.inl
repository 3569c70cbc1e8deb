// gather and scatter: between the interleaved state in memory and the split block in cache.

namespace ketjet {
namespace {

// Rows lie far apart, out of reach of the hardware's prefetcher. Short ones come faster by way of the outer caches.
template <class T>
KETJET_INLINE void prefetch_row(const T* source, const CopyArgs& args, std::uint64_t row) {
    constexpr std::uint64_t line = 64 / sizeof(T), max_lines = 16;
    if (row >= args.rows || (args.row_offsets[row] & args.zero_mask) != 0) return;
    const T* const begin = source + 2 * args.row_offsets[row];
    const std::uint64_t lines = (std::uint64_t{2} << args.run_bits) / line;
    if (lines <= max_lines) {
        for (std::uint64_t i = 0; i < lines; ++i) __builtin_prefetch(begin + i * line, 0, 1);
    } else {
        for (std::uint64_t i = 0; i < max_lines; ++i) __builtin_prefetch(begin + i * line);
    }
}

template <class T, bool Plain>
void gather_rows(const T* source, T* block, const CopyArgs& args) {
    constexpr std::uint64_t rows_ahead = 6;
    for (std::uint64_t row = 0; row < rows_ahead; ++row) prefetch_row(source, args, row);
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    const Vector<T> scale_re = splat(static_cast<T>(args.scale[0])), scale_im = splat(static_cast<T>(args.scale[1]));
    std::uint64_t y = args.first_vector;
    for (std::uint64_t row = 0; row < args.rows; ++row) {
        prefetch_row(source, args, row + rows_ahead);
        if (args.row_offsets[row] & args.zero_mask) {
            for (std::uint64_t i = 0; i < vectors; ++i, ++y) {
                T* const target = block + address_of(args.map, y);
                store(target, Vector<T>{});
                store(target + lanes<T>, Vector<T>{});
            }
            continue;
        }
        const T* run = source + 2 * args.row_offsets[row];
        for (std::uint64_t i = 0; i < vectors; ++i, ++y, run += stride<T>) {
            T* const target = block + address_of(args.map, y);
            Vector<T> re, im;
            split_pairs(load(run), load(run + lanes<T>), re, im);
            if constexpr (Plain) {
                store(target, re);
                store(target + lanes<T>, im);
            } else {
                store(target, fnma(scale_im, im, scale_re * re));
                store(target + lanes<T>, fma(scale_im, re, scale_re * im));
            }
        }
    }
}

template <class T>
void gather(const void* state, void* block, const CopyArgs& args) {
    if (args.plain) {
        gather_rows<T, true>(static_cast<const T*>(state), static_cast<T*>(block), args);
    } else {
        gather_rows<T, false>(static_cast<const T*>(state), static_cast<T*>(block), args);
    }
}

template <class T, bool Stream>
KETJET_INLINE void store_pairs(T* place, Vector<T> re, Vector<T> im) {
    Vector<T> low, high;
    join_pairs(re, im, low, high);
    if constexpr (Stream) {
        stream(place, low);
        stream(place + lanes<T>, high);
    } else {
        store(place, low);
        store(place + lanes<T>, high);
    }
}

// What scattering adds up of a row: nothing, its leaves for the tree of norms, or its vectors as they come.
enum class Norm { none, leaves, vectors };

// Vectors that are scattered at a time.
template <class T, Norm norm>
constexpr int scatter_step = norm == Norm::leaves ? leaf_vectors<T> : 1;

// The norm of one row, in either way. Leaves are added up at its end, and not at all where all amplitudes are 0.
template <class T, Norm norm>
struct RowNorm {
    static constexpr int step = scatter_step<T, norm>;
    static constexpr int max_leaves = norm == Norm::leaves ? 1 << (max_norm_bits - leaf_bits) : 1;
    Vector<T> folded[max_leaves];  // the leaves
    Vector<T> sum{};

    KETJET_INLINE void add(std::uint64_t vector, Vector<T>* squares) {
        if constexpr (norm == Norm::leaves) squares[0] = folded[vector / step] = fold_leaf<T>(squares);
        if constexpr (norm != Norm::none) sum += squares[0];
    }
    KETJET_INLINE double take(std::uint64_t vectors) {
        const double result = sum_of<T>(sum);
        sum = Vector<T>{};
        if (norm != Norm::leaves || result == 0 || vectors == step) return result;
        double leaves[max_leaves];
        for (std::uint64_t leaf = 0; leaf < vectors / step; ++leaf) leaves[leaf] = sum_of<T>(folded[leaf]);
        return sum_of_row(leaves, vectors / step);
    }
};

template <class T, bool Plain, bool Stream, Norm norm>
void scatter_rows(T* target, const T* block, const CopyArgs& args) {
    constexpr int step = scatter_step<T, norm>;
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    const Vector<T> lane_signs = Plain ? Vector<T>{} : load(static_cast<const T*>(args.lane_signs));
    RowNorm<T, norm> row_norm;
    std::uint64_t y = args.first_vector;
    for (std::uint64_t row = 0; row < args.rows; ++row) {
        T* run = target + 2 * args.row_offsets[row];
        for (std::uint64_t i = 0; i < vectors; i += step) {
            Vector<T> squares[step];
            KETJET_UNROLL
            for (int k = 0; k < step; ++k, ++y, run += stride<T>) {
                const T* const source = block + address_of(args.map, y);
                Vector<T> re = load(source), im = load(source + lanes<T>);
                if constexpr (norm != Norm::none) squares[k] = fma(re, re, im * im);
                if constexpr (!Plain) {
                    const Vector<T> sign = __builtin_parityll(y & args.sign_mask) ? -lane_signs : lane_signs;
                    re *= sign;
                    im *= sign;
                }
                store_pairs<T, Stream>(run, re, im);
            }
            if constexpr (norm != Norm::none) row_norm.add(i, squares);
        }
        if constexpr (norm != Norm::none) {
            args.norms[args.row_offsets[row] >> args.norm_bits] += row_norm.take(vectors);
        }
    }
}

template <class T, bool Plain, bool Stream>
void scatter_to(T* state, const T* block, const CopyArgs& args) {
    if (args.norms == nullptr) {
        scatter_rows<T, Plain, Stream, Norm::none>(state, block, args);
    } else if (args.any_order) {
        scatter_rows<T, Plain, Stream, Norm::vectors>(state, block, args);
    } else {
        scatter_rows<T, Plain, Stream, Norm::leaves>(state, block, args);
    }
}

template <class T, bool Stream>
void scatter_signed(T* state, const T* block, const CopyArgs& args) {
    if (args.plain) {
        scatter_to<T, true, Stream>(state, block, args);
    } else {
        scatter_to<T, false, Stream>(state, block, args);
    }
}

template <class T, bool Stream, bool Unfolds, Norm norm>
void scatter_folded(T* target, const T* block, const CopyArgs& args) {
    constexpr int step = scatter_step<T, norm>;
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    const Vector<T> end_re = splat(static_cast<T>(args.end_scale[0])),
                    end_im = splat(static_cast<T>(args.end_scale[1]));
    const Vector<T> scale_re = splat(static_cast<T>(args.unfold_scale[0]));
    const Vector<T> scale_im = splat(static_cast<T>(args.unfold_scale[1]));
    const Vector<T> lane_signs = args.plain ? splat(T(1)) : load(static_cast<const T*>(args.lane_signs));
    RowNorm<T, norm> norm_x, norm_z;
    std::uint64_t y = args.first_vector;
    for (std::uint64_t row = 0; row < args.rows; ++row) {
        T* run = target + 2 * args.row_offsets[row];
        for (std::uint64_t i = 0; i < vectors; i += step) {
            Vector<T> squares_x[step], squares_z[step];
            KETJET_UNROLL
            for (int k = 0; k < step; ++k, ++y, run += stride<T>) {
                const T* const source = block + address_of(args.map, y);
                const Vector<T> sign = __builtin_parityll(y & args.sign_mask) ? -lane_signs : lane_signs;
                const Vector<T> re = sign * load(source);
                const Vector<T> im = (args.conjugates ? -sign : sign) * load(source + lanes<T>);
                const Vector<T> x = fnma(end_im, im, end_re * re), z = fma(end_im, re, end_re * im);
                if constexpr (!Unfolds) {
                    store_pairs<T, Stream>(run, x, z);
                    continue;
                }
                const Vector<T> x_re = scale_re * x, x_im = scale_im * x, z_re = scale_re * z, z_im = scale_im * z;
                if constexpr (norm != Norm::none) {
                    squares_x[k] = fma(x_re, x_re, x_im * x_im);
                    squares_z[k] = fma(z_re, z_re, z_im * z_im);
                }
                store_pairs<T, Stream>(run, x_re, x_im);
                store_pairs<T, Stream>(run + 2 * args.unfold_offset, z_re, z_im);
            }
            if constexpr (norm != Norm::none) {
                norm_x.add(i, squares_x);
                norm_z.add(i, squares_z);
            }
        }
        if constexpr (norm != Norm::none) {
            args.norms[args.row_offsets[row] >> args.norm_bits] += norm_x.take(vectors);
            args.norms[(args.row_offsets[row] + args.unfold_offset) >> args.norm_bits] += norm_z.take(vectors);
        }
    }
}

template <class T, bool Stream>
void scatter_any(T* state, const T* block, const CopyArgs& args) {
    if (!args.folded) {
        scatter_signed<T, Stream>(state, block, args);
    } else if (args.unfold_offset == 0) {
        scatter_folded<T, Stream, false, Norm::none>(state, block, args);
    } else if (args.norms == nullptr) {
        scatter_folded<T, Stream, true, Norm::none>(state, block, args);
    } else if (args.any_order) {
        scatter_folded<T, Stream, true, Norm::vectors>(state, block, args);
    } else {
        scatter_folded<T, Stream, true, Norm::leaves>(state, block, args);
    }
}

template <class T>
void scatter(void* state, const void* block, const CopyArgs& args) {
    if (args.stream) {
        scatter_any<T, true>(static_cast<T*>(state), static_cast<const T*>(block), args);
        finish_streaming();
    } else {
        scatter_any<T, false>(static_cast<T*>(state), static_cast<const T*>(block), args);
    }
}

}  // namespace
}  // namespace ketjet
