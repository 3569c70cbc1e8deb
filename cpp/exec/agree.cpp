#include "exec/agree.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <vector>

#include "base/memory_budget.hpp"

namespace ketjet {

namespace {

// The later ones win, where ranks end in different ways.
enum class End : std::uint8_t { goes_on, cancelled, time_limit, memory, failed };

struct Report {
    End end;
    std::array<char, 255> text;  // ends with a zero
};

Report report_of(const std::exception_ptr& failure) {
    Report report{};
    const auto fill = [&](End end, const char* text) {
        report.end = end;
        std::strncpy(report.text.data(), text, report.text.size() - 1);
    };
    if (failure == nullptr) return report;
    try {
        std::rethrow_exception(failure);
    } catch (const Cancelled& error) {
        fill(End::cancelled, error.what());
    } catch (const TimeLimitReached& error) {
        fill(End::time_limit, error.what());
    } catch (const std::bad_alloc& error) {
        fill(End::memory, error.what());
    } catch (const std::exception& error) {
        fill(End::failed, error.what());
    } catch (...) {
        fill(End::failed, "unknown error");
    }
    return report;
}

}  // namespace

void agree(const RunContext& context, const std::exception_ptr& failure) {
    Peers& peers = *context.peers;
    const Report mine = report_of(failure);
    std::vector<Report> all(static_cast<std::size_t>(peers.size()));
    peers.gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
    const auto worst = std::ranges::max_element(all, {}, &Report::end);
    const auto rank = static_cast<int>(worst - all.begin());
    if (worst->end == End::goes_on) return;
    peers.end();
    if (failure != nullptr && worst->end == mine.end) std::rethrow_exception(failure);
    switch (worst->end) {
        case End::goes_on:
            break;
        case End::cancelled:
            throw Cancelled{};
        case End::time_limit:
            throw TimeLimitReached(context.stop.time_limit());
        case End::memory:
            throw MemoryLimitReached("rank " + std::to_string(rank) + ": " + worst->text.data());
        case End::failed:
            throw PeerFailed(rank, worst->text.data());
    }
}

}  // namespace ketjet
