// How fast this instruction set multiplies and adds: chains enough to hide the latency, few enough to stay in
// registers.

namespace ketjet {
namespace {

template <class T>
std::uint64_t fma_probe(void* vector, std::uint64_t iterations) {
    constexpr int chains = 10;
    const Vector<T> factor = splat(static_cast<T>(0.5)), term = splat(static_cast<T>(1));
    Vector<T> sums[chains];
    KETJET_UNROLL
    for (int c = 0; c < chains; ++c) sums[c] = splat(static_cast<T>(c));
    for (std::uint64_t i = 0; i < iterations; ++i) {
        KETJET_UNROLL
        for (int c = 0; c < chains; ++c) sums[c] = fma(sums[c], factor, term);
    }
    Vector<T> total{};
    KETJET_UNROLL
    for (int c = 0; c < chains; ++c) total = total + sums[c];
    store(static_cast<T*>(vector), total);
    return iterations * chains * static_cast<std::uint64_t>(lanes<T>);
}

}  // namespace
}  // namespace ketjet
