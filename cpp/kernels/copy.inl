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

// The norm of a row whose vectors have this sum of squares. Leaves are added up from the squares of every vector once
// more, while the row is still in a near cache, and not at all where all amplitudes are 0: to keep the squares
// meanwhile would take stores, of which a scatter has enough.
template <class T, Norm norm, class SquaresOf>
KETJET_INLINE double norm_of_row(Vector<T> sum, std::uint64_t vectors, SquaresOf squares_of) {
    const double total = sum_of<T>(sum);
    if (norm == Norm::vectors || total == 0) return total;
    double leaves[1 << (max_norm_bits - leaf_bits)];
    const std::uint64_t count = vectors / leaf_vectors<T>;
    for (std::uint64_t leaf = 0, vector = 0; leaf < count; ++leaf) {
        Vector<T> squares[leaf_vectors<T>];
        KETJET_UNROLL
        for (int k = 0; k < leaf_vectors<T>; ++k, ++vector) squares[k] = squares_of(vector);
        leaves[leaf] = sum_of<T>(sum_of_vectors<leaf_vectors<T>>(squares));
    }
    return sum_of_row(leaves, count);
}

template <class T>
KETJET_INLINE Vector<T> squares_of_pair(Vector<T> re, Vector<T> im) {
    return fma(re, re, im * im);
}

template <class T, bool Plain, bool Stream, Norm norm>
void scatter_rows(T* target, const T* block, const CopyArgs& args) {
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    const Vector<T> lane_signs = Plain ? Vector<T>{} : load(static_cast<const T*>(args.lane_signs));
    std::uint64_t y = args.first_vector;
    for (std::uint64_t row = 0; row < args.rows; ++row, y += vectors) {
        T* run = target + 2 * args.row_offsets[row];
        Vector<T> sum{};
        for (std::uint64_t i = 0; i < vectors; ++i, run += stride<T>) {
            const T* const source = block + address_of(args.map, y + i);
            Vector<T> re = load(source), im = load(source + lanes<T>);
            if constexpr (norm != Norm::none) sum += squares_of_pair<T>(re, im);
            if constexpr (!Plain) {
                const Vector<T> sign = __builtin_parityll((y + i) & args.sign_mask) ? -lane_signs : lane_signs;
                re *= sign;
                im *= sign;
            }
            store_pairs<T, Stream>(run, re, im);
        }
        if constexpr (norm != Norm::none) {
            const auto squares_of = [&](std::uint64_t i) {
                const T* const source = block + address_of(args.map, y + i);
                return squares_of_pair<T>(load(source), load(source + lanes<T>));
            };
            args.norms[args.row_offsets[row] >> args.norm_bits] += norm_of_row<T, norm>(sum, vectors, squares_of);
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
    const std::uint64_t vectors = std::uint64_t{1} << (args.run_bits - lane_bits<T>);
    const Vector<T> end_re = splat(static_cast<T>(args.end_scale[0])),
                    end_im = splat(static_cast<T>(args.end_scale[1]));
    const Vector<T> scale_re = splat(static_cast<T>(args.unfold_scale[0]));
    const Vector<T> scale_im = splat(static_cast<T>(args.unfold_scale[1]));
    const Vector<T> lane_signs = args.plain ? splat(T(1)) : load(static_cast<const T*>(args.lane_signs));
    // What the folded block is without its last scale: real parts and imaginary ones of a vector.
    const auto numbers = [&](std::uint64_t vector, Vector<T>& x, Vector<T>& z) __attribute__((always_inline)) {
        const T* const source = block + address_of(args.map, vector);
        const Vector<T> sign = __builtin_parityll(vector & args.sign_mask) ? -lane_signs : lane_signs;
        const Vector<T> re = sign * load(source);
        const Vector<T> im = (args.conjugates ? -sign : sign) * load(source + lanes<T>);
        x = fnma(end_im, im, end_re * re);
        z = fma(end_im, re, end_re * im);
    };
    std::uint64_t y = args.first_vector;
    for (std::uint64_t row = 0; row < args.rows; ++row, y += vectors) {
        T* run = target + 2 * args.row_offsets[row];
        Vector<T> sum_x{}, sum_z{};
        for (std::uint64_t i = 0; i < vectors; ++i, run += stride<T>) {
            Vector<T> x, z;
            numbers(y + i, x, z);
            if constexpr (!Unfolds) {
                store_pairs<T, Stream>(run, x, z);
                continue;
            }
            const Vector<T> x_re = scale_re * x, x_im = scale_im * x, z_re = scale_re * z, z_im = scale_im * z;
            if constexpr (norm != Norm::none) {
                sum_x += squares_of_pair<T>(x_re, x_im);
                sum_z += squares_of_pair<T>(z_re, z_im);
            }
            store_pairs<T, Stream>(run, x_re, x_im);
            store_pairs<T, Stream>(run + 2 * args.unfold_offset, z_re, z_im);
        }
        if constexpr (norm != Norm::none) {
            const auto squares_of_x = [&](std::uint64_t i) {
                Vector<T> x, z;
                numbers(y + i, x, z);
                return squares_of_pair<T>(scale_re * x, scale_im * x);
            };
            const auto squares_of_z = [&](std::uint64_t i) {
                Vector<T> x, z;
                numbers(y + i, x, z);
                return squares_of_pair<T>(scale_re * z, scale_im * z);
            };
            args.norms[args.row_offsets[row] >> args.norm_bits] += norm_of_row<T, norm>(sum_x, vectors, squares_of_x);
            args.norms[(args.row_offsets[row] + args.unfold_offset) >> args.norm_bits] +=
                norm_of_row<T, norm>(sum_z, vectors, squares_of_z);
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
