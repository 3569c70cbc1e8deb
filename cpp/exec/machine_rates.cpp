// All members of a team work at the same time, each on pieces of a fraction of a millisecond, and their rates add up.
// Of a member's pieces a fast one counts: where others use the machine too, it loses its core during some of them.
#include "exec/machine_rates.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <numeric>
#include <tuple>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/parallel.hpp"

namespace ketjet {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double seconds_per_rate = 0.02;
constexpr int min_rounds = 3;     // the first one maps memory
constexpr int pieces = 16;        // of a member's part of the buffer in a round
constexpr double counted = 0.75;  // this part of the pieces is slower than the one that counts
constexpr std::uint64_t fma_iterations = 1 << 12;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The sum over all members of the units a second that work(team, piece) does; it returns how many.
template <class Work>
double rate_of_team(int threads, Work work) {
    std::vector<double> rates(static_cast<std::size_t>(threads));
    run_team(threads, [&](Team& team) {
        std::vector<double> own;
        team.barrier();
        const Clock::time_point begin = Clock::now();
        for (int round = 0; round < min_rounds || seconds_since(begin) < seconds_per_rate; ++round) {
            for (int piece = 0; piece < pieces; ++piece) {
                const Clock::time_point start = Clock::now();
                const double units = work(team, piece);
                own.push_back(units / seconds_since(start));
            }
        }
        const auto chosen = own.begin() + static_cast<std::ptrdiff_t>(counted * static_cast<double>(own.size()));
        std::ranges::nth_element(own, chosen);
        rates[static_cast<std::size_t>(team.rank())] = *chosen;
    });
    return std::accumulate(rates.begin(), rates.end(), 0.0);
}

double bytes_per_second(int threads, std::size_t buffer_bytes) {
    const AlignedBuffer buffer(buffer_bytes);
    auto* const words = static_cast<std::uint64_t*>(buffer.data());
    const auto count = static_cast<std::int64_t>(buffer_bytes / sizeof(std::uint64_t));
    return rate_of_team(threads, [&](const Team& team, int piece) {
        const Team::Range range = team.share(count);
        const std::int64_t length = (range.end - range.begin) / pieces, first = range.begin + piece * length;
        for (std::int64_t i = first; i < first + length; ++i) words[i] = ~words[i];
        return 2.0 * static_cast<double>(length) * sizeof(std::uint64_t);
    });
}

double fma_per_second(const Kernels& kernels, int threads) {
    return rate_of_team(threads, [&](const Team&, int) {
        alignas(64) std::byte vector[64];
        return static_cast<double>(kernels.fma_probe(vector, fma_iterations));
    });
}

}  // namespace

MachineRates machine_rates(const KernelTable& table, Precision precision, int threads, std::size_t buffer_bytes) {
    using Question = std::tuple<const KernelTable*, Precision, int, std::size_t>;
    static std::mutex mutex;
    static std::map<Question, MachineRates> known;
    const std::lock_guard lock(mutex);  // also while measuring: two at a time would slow each other down
    const Question question{&table, precision, threads, buffer_bytes};
    if (const auto found = known.find(question); found != known.end()) return found->second;
    const Kernels& kernels = precision == Precision::single ? table.single : table.double_;
    const MachineRates rates{bytes_per_second(threads, buffer_bytes), fma_per_second(kernels, threads)};
    known.emplace(question, rates);
    return rates;
}

}  // namespace ketjet
