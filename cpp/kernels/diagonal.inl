// Diagonal gates: every amplitude times a factor that depends on a few index bits.

namespace ketjet {
namespace {

template <class T>
void diagonal(void* block, const DiagonalArgs& args) {
    const T* factors = static_cast<const T*>(args.coefficients);
    const std::uint64_t rows = std::uint64_t{1} << args.axes;
    for (std::uint64_t row = 0; row < rows; ++row, factors += stride<T>) {
        const Vector<T> cr = load(factors), ci = load(factors + lanes<T>);
        SubsetWalk walk(args.vectors);
        for (std::uint64_t i = 0; i < walk.count; ++i) {
            T* const v = static_cast<T*>(block) + (walk.next() ^ args.row_offsets[row]);
            const Vector<T> re = load(v), im = load(v + lanes<T>);
            store(v, fnma(ci, im, cr * re));
            store(v + lanes<T>, fma(ci, re, cr * im));
        }
    }
}

}  // namespace
}  // namespace ketjet
