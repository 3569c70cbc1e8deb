// Tests of the budgets of memory: what is charged, by whom, and where growth ends.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "base/aligned_buffer.hpp"
#include "base/charged.hpp"
#include "base/machine.hpp"
#include "base/memory_budget.hpp"
#include "base/parallel.hpp"
#include "check.hpp"

using namespace ketjet;

namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;
constexpr auto many = static_cast<std::size_t>(mib);

void test_charges() {
    std::atomic<std::int64_t> held{0};
    OutcomesVector<double> outside(10);
    {
        MemoryBudget budget(0, 0, 0, held);
        const MemoryBudget::Scope scope(&budget);
        SavesVector<double> saved(many);
        CHECK(budget.used(MemoryPurpose::saves) >= 8 * mib && budget.used(MemoryPurpose::outcomes) == 0);
        OutcomesVector<double> copy(saved.begin(), saved.end());
        const SavesVector<double> moved = std::move(saved);
        CHECK(budget.used(MemoryPurpose::outcomes) >= 8 * mib && budget.used() < 17 * mib && held >= budget.used());
        copy = {};
        copy.shrink_to_fit();
        CHECK(budget.used(MemoryPurpose::outcomes) < 1024);
        run_team(3, [](Team& team) {
            if (team.rank() == team.size() - 1) {
                const ShotsVector<double> of_a_member(many);
                CHECK(MemoryBudget::current()->used(MemoryPurpose::shots) >= 8 * mib);
            }
        });
        CHECK(budget.used(MemoryPurpose::shots) == 0);
        {
            const AlignedBuffer buffer(3 * many);
            CHECK(budget.used(MemoryPurpose::states) >= 3 * mib);
        }
        CHECK(budget.used(MemoryPurpose::states) == 0);
    }
    CHECK(held == 0 && MemoryBudget::current() == nullptr);
}

void test_limits() {
    std::atomic<std::int64_t> held{0};
    MemoryBudget budget(20 * mib, 0, 0, held);
    const MemoryBudget::Scope scope(&budget);
    SavesVector<char> first(15 * many - 64);
    std::string message;
    try {
        const OutcomesVector<char> second(6 * many - 64);
    } catch (const MemoryLimitReached& error) {
        message = error.what();
    }
    for (const char* const part : {"15 MiB of saved data", "6 MiB of outcomes", "20 MiB", "max_memory_mb"}) {
        CHECK(message.find(part) != std::string::npos);
    }
    CHECK(budget.used(MemoryPurpose::outcomes) == 0 && held <= 20 * mib);
    CHECK_THROWS(AlignedBuffer(6 * many), std::bad_alloc);
    CHECK(AlignedBuffer(4 * many).data() != nullptr);
}

// What another one was promised is its own, and what one was promised is there whatever others hold.
void test_several() {
    std::atomic<std::int64_t> held{0}, held_by_other{0};
    MemoryBudget budget(20 * mib, 0, 0, held);
    const MemoryBudget::Scope scope(&budget);
    {
        const MemoryBudget other(0, 4 * mib, 0, held_by_other);
        CHECK_THROWS(AlignedBuffer(17 * many), MemoryLimitReached);
        MemoryBudget late(1, 10 * mib, 0, held_by_other);
        const MemoryBudget::Scope inner(&late);
        CHECK(SavesVector<char>(9 * many).size() == 9 * many);
        CHECK_THROWS(SavesVector<char>(11 * many), MemoryLimitReached);
    }
    CHECK(AlignedBuffer(17 * many).data() != nullptr);
}

void test_kept_results() {
    std::atomic<std::int64_t> held{0};
    MemoryBudget budget(20 * mib, 10 * mib, 15 * mib, held);
    const MemoryBudget::Scope scope(&budget);
    CHECK(SavesVector<char>(4 * many).size() == 4 * many);
    CHECK_THROWS(SavesVector<char>(6 * many), MemoryLimitReached);
}

void test_what_there_is() {
    std::atomic<std::int64_t> held{0};
    MemoryBudget budget(0, 0, 0, held);
    const MemoryBudget::Scope scope(&budget);
    const std::int64_t ceiling = budget.ceiling();
    CHECK(ceiling > 0);
    if (ceiling < std::numeric_limits<std::int64_t>::max() / 8) {
        CHECK_THROWS(budget.charge(MemoryPurpose::saves, static_cast<std::size_t>(2 * ceiling)), MemoryLimitReached);
        CHECK(budget.used() == 0);
    }
}

// By how much the memory that there is has become less while a run holds some.
std::int64_t missing_beside(std::size_t bytes) {
    std::atomic<std::int64_t> held{0}, held_later{0};
    MemoryBudget budget(0, 0, 0, held), later(0, 0, 0, held_later);
    const MemoryBudget::Scope scope(&budget);
    const std::int64_t ceiling = budget.ceiling();
    const SavesVector<char> large(bytes, 'x');
    return ceiling - later.ceiling();
}

// Linux keeps freed pages on lists of each CPU, and does not count them as free before they are used again, which is
// not missed then: hundreds of MiB of them. So more is held until it shows.
void test_what_is_held_is_not_there() {
    std::atomic<std::int64_t> held{0};
    const MemoryBudget budget(0, 0, 0, held);
    if (budget.ceiling() >= std::numeric_limits<std::int64_t>::max() / 8) return;
    const auto most = static_cast<std::size_t>(budget.ceiling() / 4);
    std::size_t bytes = 256 * many;
    while (missing_beside(bytes) <= static_cast<std::int64_t>(bytes / 2)) {
        bytes *= 2;
        CHECK(bytes <= most);
        if (bytes > most) return;
    }
}

void test_fork() {
    std::atomic<std::int64_t> held{0};
    const MemoryBudget budget(0, 100 * mib, 0, held);
    const pid_t child = fork();
    if (child == 0) {  // it has none of its parent's runs
        std::atomic<std::int64_t> its{0};
        MemoryBudget own(50 * mib, 0, 0, its);
        const MemoryBudget::Scope scope(&own);
        const SavesVector<char> data(40 * many);
        _exit(data.empty() ? 1 : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace

int main() {
    test_charges();
    test_limits();
    test_several();
    test_kept_results();
    test_what_there_is();
    test_what_is_held_is_not_there();
    test_fork();
    return failed_checks == 0 ? 0 : 1;
}
