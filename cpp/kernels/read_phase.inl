// Phases of two states and, before them, what belongs to diagonal strings (ReadPhaseArgs): for one load and store of
// every vector. The products of a row's amplitudes are transformed, and each string takes one entry by its sign, as in
// pauli_sums.inl: every lane of a wide vector has a sum of its own.

namespace ketjet {
namespace {

constexpr std::uint64_t rows_per_sum = 64;  // so few that single precision does for a sum
template <class T>
constexpr int read_row_bits = read_phase_table_bits - log2_of(wide_lanes<T>);  // that number the wide vectors of a row

// Takes one part of the wide vectors of a row: leaves the imaginary parts of conj(bra) * ket in `products`, and
// multiplies by what the row has, which may be nothing.
template <class T, bool Table, bool Factor, bool Both>
KETJET_INLINE void read_row(T* ket, T* bra, std::uint64_t address, const BlockPhases<T>& phases,
                            const RowPhases<T>& row, int part, Vector<T>* products) {
    KETJET_UNROLL_PARTLY
    for (int r = 0; r < 1 << read_row_bits<T>; ++r) {
        const auto v = static_cast<std::uint64_t>(r * wide_parts<T> + part);
        const std::uint64_t place = address ^ phases.args.inner_offsets[v];
        const Vector<T> re = load(ket + place), im = load(ket + place + lanes<T>);
        const Vector<T> bra_re = load(bra + place), bra_im = load(bra + place + lanes<T>);
        products[r] = fnma(bra_im, re, bra_re * im);
        if constexpr (!Table && !Factor) continue;
        store_phased<T, Table, Factor>(bra + place, bra_re, bra_im, row, v);
        if constexpr (Both) store_phased<T, Table, Factor>(ket + place, re, im, row, v);
    }
}

template <class T, bool Both>
KETJET_INLINE void read_phase_row(T* ket, T* bra, std::uint64_t address, const BlockPhases<T>& phases,
                                  const RowPhases<T>& row, int part, Vector<T>* products) {
    if (row.table != nullptr) {
        if (row.is_one) return read_row<T, true, false, Both>(ket, bra, address, phases, row, part, products);
        return read_row<T, true, true, Both>(ket, bra, address, phases, row, part, products);
    }
    if (row.is_one) return read_row<T, false, false, Both>(ket, bra, address, phases, row, part, products);
    read_row<T, false, true, Both>(ket, bra, address, phases, row, part, products);
}

template <class T, bool Both>
void read_phase_of(void* ket_block, const ReadPhaseArgs& args) {
    T* const ket = static_cast<T*>(ket_block);
    T* const bra = static_cast<T*>(args.bra);
    const BlockPhases<T> phases(args.phases);
    Vector<T>* const sums = static_cast<Vector<T>*>(args.scratch);
    const int count = wide_parts<T> * args.count;
    for (int k = 0; k < count; ++k) sums[k] = Vector<T>{};
    Prefetch* const ahead[] = {args.phases.vectors.prefetch, args.bra_prefetch};
    SubsetWalk walk(args.phases.vectors);
    for (std::uint64_t i = 0; i < phases.rows; ++i) {
        for (Prefetch* const prefetch : ahead) {
            if (prefetch != nullptr) fetch_lines(*prefetch);
        }
        const std::uint64_t number = walk.number(), address = walk.next();
        const RowPhases<T> row = phases.of_row(i);
        for (int part = 0; part < wide_parts<T>; ++part) {
            Vector<T> entries[1 << read_row_bits<T>];
            read_phase_row<T, Both>(ket, bra, address, phases, row, part, entries);
            transform<read_row_bits<T>>(entries);
            for (int k = 0; k < args.count; ++k) {
                const PhaseString& string = args.strings[k];
                const bool odd = __builtin_parityll(number & string.row_signs) !=
                                 __builtin_parity(static_cast<unsigned>(part) & string.part_signs);
                Vector<T>& sum = sums[wide_parts<T> * k + part];
                sum = fma(splat(odd ? T(-1) : T(1)), entries[string.entry], sum);
            }
        }
        if ((i + 1) % rows_per_sum != 0 && i + 1 < phases.rows) continue;
        for (int k = 0; k < args.count; ++k) {
            Vector<T>* const parts = sums + wide_parts<T> * k;
            args.sums[k] += sum_of_wide<T>(parts, args.strings[k].lane_signs);
            for (int part = 0; part < wide_parts<T>; ++part) parts[part] = Vector<T>{};
        }
    }
}

template <class T>
void read_phase(void* ket, const ReadPhaseArgs& args) {
    args.turned == Turned::both ? read_phase_of<T, true>(ket, args) : read_phase_of<T, false>(ket, args);
}

}  // namespace
}  // namespace ketjet
