// Stretches that overlap are one region. Their order is found in one walk with the last writer of each qubit and each
// place of memory, and its readers since then.
#include "plan/regions.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "plan/control_flow.hpp"
#include "plan/memory_use.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

constexpr std::uint32_t no_region = ~std::uint32_t{0};

class RegionFinder {
 public:
    RegionFinder(const Program& program, const FinalReads& final)
        : program_(program), operations_(program.operations()), final_(final) {
        cut();
        find_order();
    }

    std::vector<Region> take() { return std::move(regions_); }

 private:
    void cut() {
        std::vector<std::uint32_t> reach(operations_.size());  // by operation: where a stretch that begins there ends
        for (std::uint32_t i = 0; i < operations_.size(); ++i) {
            reach[i] = std::max(reach[i], i + 1);
            const auto target = target_of(operations_[i]);
            if (!target) continue;
            const std::uint32_t first = std::min(i, *target);
            reach[first] = std::max({reach[first], i + 1, *target});
        }
        for (std::uint32_t i = 0; i < operations_.size();) {
            std::uint32_t end = reach[i];
            for (std::uint32_t k = i; k < end; ++k) end = std::max(end, reach[k]);
            Region region{i, end};
            for (; i < end; ++i) add_operation(region, i);
            regions_.push_back(std::move(region));
        }
    }

    void add_operation(Region& region, std::uint32_t index) const {
        const Operation& operation = operations_[index];
        const Roles role = roles(program_, operation);
        region.touched |= role.touched();
        region.moved |= is_collapse(operation) ? role.touched() : role.local;
        if (!final_.is_final[index]) {
            ++region.operations;
            if (is_collapse(operation)) ++region.collapses;
        }
        if (const auto* const measure = std::get_if<MeasureOperation>(&operation)) {
            region.writes.push_back(static_cast<std::uint32_t>(measure->clbit));
        }
        const auto target = target_of(operation);
        if (target && *target <= index) region.writes.push_back(errors_place());
        const auto* const branch = std::get_if<BranchOperation>(&operation);
        const auto* const compute = std::get_if<ComputeOperation>(&operation);
        if (branch == nullptr && compute == nullptr) return;
        const MemoryUse use = memory_use(program_, branch != nullptr ? branch->code() : compute->code());
        region.reads.insert(region.reads.end(), use.reads.begin(), use.reads.end());
        region.writes.insert(region.writes.end(), use.writes.begin(), use.writes.end());
        region.writes.insert(region.writes.end(), use.touches.begin(), use.touches.end());
        if (use.may_fail) region.writes.push_back(errors_place());
    }

    // Among the places of memory, what stands for the order in which errors and endless loops come up.
    std::uint32_t errors_place() const { return static_cast<std::uint32_t>(memory_places(program_)); }

    void find_order() {
        struct Use {
            std::uint32_t writer = no_region;
            std::vector<std::uint32_t> readers{};
        };
        std::vector<Use> uses(64 + memory_places(program_) + 1);
        for (std::uint32_t index = 0; index < regions_.size(); ++index) {
            Region& region = regions_[index];
            const auto read = [&](std::size_t thing) {
                if (uses[thing].writer != no_region) region.before.push_back(uses[thing].writer);
                uses[thing].readers.push_back(index);
            };
            const auto write = [&](std::size_t thing) {
                Use& use = uses[thing];
                if (use.writer != no_region && use.writer != index) region.before.push_back(use.writer);
                for (const std::uint32_t reader : use.readers) {
                    if (reader != index) region.before.push_back(reader);
                }
                use = {index, {}};
            };
            for (std::size_t qubit = 0; qubit < 64; ++qubit) {
                if ((region.moved >> qubit & 1) != 0) {
                    write(qubit);
                } else if ((region.touched >> qubit & 1) != 0) {
                    read(qubit);
                }
            }
            for (const std::uint32_t place : region.reads) read(64 + place);
            for (const std::uint32_t place : region.writes) write(64 + place);
        }
    }

    const Program& program_;
    std::span<const Operation> operations_;
    const FinalReads& final_;
    std::vector<Region> regions_;
};

}  // namespace

std::vector<Region> regions_of(const Program& program, const FinalReads& final) {
    return RegionFinder(program, final).take();
}

}  // namespace ketjet
