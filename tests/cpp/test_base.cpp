// Tests of the index algebra, of exact sums and of the buffers and their pool, across threads and forks.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/bits.hpp"
#include "base/exact_sum.hpp"
#include "base/rng.hpp"
#include "base/small_vector.hpp"
#include "check.hpp"

using namespace ketjet;

namespace {

void test_bits() {
    CHECK(bit(0) == 1 && bit(63) == Index{1} << 63);
    CHECK(low_bits(0) == 0 && low_bits(5) == 31 && low_bits(64) == ~Index{0});
    CHECK(count_bits(0b1011) == 3 && parity(0b1011) && !parity(0b11));
    CHECK(deposit_bits(0b101, 0b11010) == 0b10010);
    CHECK(extract_bits(0b10010, 0b11010) == 0b101);
    CHECK(deposit_bits(~Index{0}, bit(63) | bit(3)) == (bit(63) | bit(3)));
    RandomStream random({1, 2}, 3, 4);
    for (int i = 0; i < 1000; ++i) {
        const Index mask = random.next_u64();
        const Index value = random.next_u64() & low_bits(count_bits(mask));
        CHECK(extract_bits(deposit_bits(value, mask), mask) == value);
    }
    Index value = 0;  // next_outside counts through the bits outside `fixed`
    for (Index k = 0; k < 8; ++k, value = next_outside(value, 0b101001)) CHECK(value == deposit_bits(k, 0b010110));
}

// Whatever is done to it, it holds what a std::vector holds.
void test_small_vectors() {
    using Small = SmallVector<int, 3>;
    std::mt19937 random(11);
    Small small;
    std::vector<int> plain;
    for (int step = 0; step < 2000; ++step) {
        const int value = static_cast<int>(random() % 100);
        switch (random() % 6) {
            case 0:
                small.clear();
                plain.clear();
                break;
            case 1: {
                Small copy = small;
                copy.push_back(value);
                CHECK(copy.size() == plain.size() + 1 && copy.back() == value && !(copy == small));
                small = Small(std::move(copy));
                plain.push_back(value);
                break;
            }
            case 2: {
                Small other{1, 2, 3, 4, 5};
                other = small;
                CHECK(other == small);
                small = std::move(other);
                break;
            }
            default:
                if (plain.size() > 9) break;
                small.push_back(plain.empty() ? value : small[0]);  // an element of its own too
                plain.push_back(plain.empty() ? value : plain[0]);
        }
        CHECK(std::ranges::equal(small, plain) && small.empty() == plain.empty());
    }
    CHECK(Small(2) == (Small{0, 0}) && Small(std::span(plain)) == small);
}

double exact_sum_of(const std::vector<double>& values) {
    ExactSum sum;
    for (const double value : values) sum.add(value);
    return sum.value();
}

void test_exact_sums() {
    CHECK(exact_sum_of({}) == 0 && exact_sum_of({0.1}) == 0.1 && exact_sum_of({-0.1}) == -0.1);
    CHECK(exact_sum_of({1, 0x1p93, 0x1p-90, -0x1p93, -1}) == 0x1p-90);
    CHECK(exact_sum_of({0x1p-160, -0x1p-161, 0x1p-300}) == 0x1p-160);
    CHECK(exact_sum_of({0x1.8p-159, -0x1p-1000}) == 0x1.8p-159);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(exact_sum_of({1, infinity, -2}) == infinity && exact_sum_of({-0x1p200, 1}) == -infinity);
    CHECK(std::isnan(exact_sum_of({infinity, 1, -infinity})));
    CHECK(std::isnan(exact_sum_of({std::numeric_limits<double>::quiet_NaN(), 1})));
    std::mt19937_64 random(5);
    for (int i = 0; i < 100; ++i) {
        std::vector<double> values;
        ExactSum halves[2];
        for (int k = 0; k < 50; ++k) {
            const double fraction = std::uniform_real_distribution<double>(-1, 1)(random);
            values.push_back(std::ldexp(fraction, static_cast<int>(random() % 120) - 100));
            halves[k % 2].add(values.back());
        }
        const double sum = exact_sum_of(values);
        std::ranges::shuffle(values, random);
        CHECK(exact_sum_of(values) == sum);
        halves[0].add(halves[1]);
        CHECK(halves[0].value() == sum);
        long double plain = 0;
        for (const double value : values) plain += value;
        CHECK(std::abs(static_cast<double>(plain) - sum) < 1e-9);
    }
}

bool is_aligned(const void* data, std::size_t alignment) {
    return reinterpret_cast<std::uintptr_t>(data) % alignment == 0;
}

void test_buffers() {
    const std::size_t mib = std::size_t{1} << 20;
    set_pool_limit(64 * mib);
    const BufferUsage before = buffer_usage();
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{1000}, mib / 2, 2 * mib, 3 * mib + 1, 32 * mib}) {
        AlignedBuffer buffer(bytes);
        CHECK(buffer.bytes() == bytes && is_aligned(buffer.data(), bytes >= 2 * mib ? 2 * mib : 64));
        CHECK(buffer_usage().in_use >= before.in_use + bytes);
        std::memset(buffer.data(), 0x5a, bytes);
    }
    CHECK(buffer_usage().in_use == before.in_use && buffer_usage().pooled > 37 * mib);

    AlignedBuffer first(2 * mib);
    const void* const address = first.data();
    first.reset();
    first.reset();
    CHECK(first.data() == nullptr && first.bytes() == 0);
    AlignedBuffer second(2 * mib);
    CHECK(second.data() == address);
    AlignedBuffer third(std::move(second));
    CHECK(third.data() == address && third.bytes() == 2 * mib && second.data() == nullptr && second.bytes() == 0);
    AlignedBuffer fourth(4 * mib);
    fourth = std::move(third);
    CHECK(fourth.data() == address && buffer_usage().in_use == before.in_use + 2 * mib);
    fourth.reset(true);

    set_pool_limit(3 * mib);
    CHECK(buffer_usage().pooled <= 3 * mib);
    {
        AlignedBuffer larger_than_limit(4 * mib);
    }
    CHECK(buffer_usage().pooled == 0);
    empty_pool();
    {
        AlignedBuffer one(2 * mib), two(2 * mib);
    }
    CHECK(buffer_usage().pooled == 2 * mib);
    set_pool_limit(64 * mib);
    {
        std::vector<AlignedBuffer> many;
        for (int i = 0; i < 300; ++i) many.emplace_back(mib / 16);
    }
    CHECK(buffer_usage().pooled <= 64 * mib / 16);
    set_pool_limit(0);
    CHECK(buffer_usage().pooled == 0 && buffer_usage().in_use == before.in_use);
    CHECK(AlignedBuffer(0).data() == nullptr);
}

void test_allocation_failures() {
    const std::size_t in_use = buffer_usage().in_use;
    CHECK_THROWS(AlignedBuffer(std::size_t{1} << 60), std::bad_alloc);
    CHECK_THROWS(AlignedBuffer(SIZE_MAX), std::bad_alloc);
    for (int k = 1; k <= 5; ++k) {
        fail_allocation_after(k);
        for (int i = 1; i < k; ++i) CHECK(AlignedBuffer(100).data() != nullptr);
        CHECK_THROWS(AlignedBuffer(100), std::bad_alloc);
        CHECK(AlignedBuffer(100).data() != nullptr);
    }
    fail_allocation_after(1);
    fail_allocation_after(0);
    CHECK(AlignedBuffer(100).data() != nullptr);
    CHECK(buffer_usage().in_use == in_use);
}

// Threads use the pool while the process forks again and again; every child must still be able to allocate.
void test_fork() {
    set_pool_limit(std::size_t{8} << 20);
    std::atomic<bool> stop{false};
    std::thread busy([&] {
        while (!stop) AlignedBuffer(1 << 16);
    });
    for (int i = 0; i < 50; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(10);
            const AlignedBuffer buffer(1 << 16);
            _exit(buffer.data() == nullptr ? 1 : 0);
        }
        int status = -1;
        waitpid(child, &status, 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    stop = true;
    busy.join();
}

}  // namespace

int main() {
    test_bits();
    test_small_vectors();
    test_exact_sums();
    test_buffers();
    test_allocation_failures();
    test_fork();
    return failed_checks == 0 ? 0 : 1;
}
