// The two rates that bound any simulation on this machine, for measure.py, which compiles this file and runs it:
//     calibrate THREADS BYTES...
// prints a JSON object with fused multiply-adds of doubles and floats per second, and for each number of bytes how many
// bytes a second an in-place pass over that much memory moves, reads and writes counted.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

namespace {

constexpr int kRepeats = 5;
constexpr double kLeastSeconds = 0.02;

#if defined(__AVX512F__)
constexpr std::size_t kVectorBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kVectorBytes = 32;
#else
constexpr std::size_t kVectorBytes = 16;
#endif

template <class T>
struct Simd {
    typedef T Vector __attribute__((vector_size(kVectorBytes)));
    static constexpr std::size_t kLanes = kVectorBytes / sizeof(T);
};

double seconds_of(int threads, const std::function<void(int)>& work) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> others;
    for (int thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
    work(0);
    for (std::thread& other : others) other.join();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Runs `work(thread, rounds)` with rounds doubled until it takes long enough; returns the most rounds per second seen.
double rounds_per_second(int threads, const std::function<void(int, long)>& work) {
    long rounds = 1;
    const auto timed = [&] { return seconds_of(threads, [&](int thread) { work(thread, rounds); }); };
    while (timed() < kLeastSeconds) rounds *= 2;
    double least = timed();
    for (int repeat = 1; repeat < kRepeats; ++repeat) least = std::min(least, timed());
    return static_cast<double>(rounds) / least;
}

constexpr int kChains = 10;  // enough independent sums to hide the latency, few enough for 16 registers

template <class T>
void multiply_add(int, long rounds) {
    typename Simd<T>::Vector sums[kChains] = {}, factor = {}, term = {};
    factor += T(0.5);
    term += T(1);
    asm volatile("" : "+v"(factor), "+v"(term));  // values that the compiler knows nothing of, so it computes them all
    for (int chain = 0; chain < kChains; ++chain) asm volatile("" : "+v"(sums[chain]));
    for (long round = 0; round < 1000 * rounds; ++round)
        for (int chain = 0; chain < kChains; ++chain) sums[chain] = sums[chain] * factor + term;
    for (int chain = 0; chain < kChains; ++chain) asm volatile("" : : "v"(sums[chain]));
}

template <class T>
double fma_per_second(int threads) {
    return rounds_per_second(threads, multiply_add<T>) * 1000 * kChains * Simd<T>::kLanes * threads;
}

double bytes_per_second(int threads, std::size_t bytes) {
    using Vector = Simd<double>::Vector;
    constexpr std::size_t kHugePage = std::size_t{1} << 21;
    const std::size_t share = std::max(bytes / threads / (8 * kVectorBytes), std::size_t{1}) * 8 * kVectorBytes;
    const std::size_t size = (share * threads + kHugePage - 1) / kHugePage * kHugePage;
    void* const memory = std::aligned_alloc(kHugePage, size);
    if (memory == nullptr) return 0;
    madvise(memory, size, MADV_HUGEPAGE);
    const auto negate = [&](int thread, long rounds) {
        auto* const begin = reinterpret_cast<Vector*>(static_cast<char*>(memory) + thread * share);
        for (long round = 0; round < rounds; ++round) {
            for (Vector* at = begin; at != begin + share / kVectorBytes; ++at) *at = -*at;
            asm volatile("" : : "r"(begin) : "memory");
        }
    };
    const double rate = rounds_per_second(threads, negate) * 2 * static_cast<double>(share) * threads;
    std::free(memory);
    return rate;
}

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 1;
    std::printf("{\"double\": %.6g, \"single\": %.6g", fma_per_second<double>(threads), fma_per_second<float>(threads));
    for (int index = 2; index < argc; ++index)
        std::printf(", \"%s\": %.6g", argv[index], bytes_per_second(threads, std::strtoull(argv[index], nullptr, 10)));
    std::printf("}\n");
}
