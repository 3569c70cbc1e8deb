// One scan in program order with groups held open: one per qubit for one-qubit gates, one for diagonal operations. A
// group is closed, that is emitted, when an operation arrives that does not commute with it. The qubits of open
// one-qubit groups and of the diagonal group are always disjoint, hence they may be emitted in any order.
#include "plan/merge.hpp"

#include <array>
#include <bit>

#include "program/action.hpp"

namespace ketjet {

namespace {

class Merger {
 public:
    Merger(const Program& program, Sweep& sweep) : program_(program), sweep_(sweep) {}

    void run() {
        const std::vector<std::uint32_t> operations = std::move(sweep_.operations);
        sweep_.operations.clear();
        sweep_.operations.reserve(operations.size());
        sweep_.pass_begin = {0};
        for (const std::uint32_t operation : operations) add(operation);
        close_singles(~Index{0});
        close(diagonal_);
    }

 private:
    struct Group {
        std::vector<std::uint32_t> operations;
        Index qubits = 0;
        double cost_ns = 0;
    };

    void add(std::uint32_t index) {
        const Operation& operation = program_.operations()[index];
        const auto [local, diagonal] = roles(program_, operation);
        const Index touched = local | diagonal;
        const bool one_qubit = count_bits(touched) == 1;
        if (one_qubit && (local != 0 || (open_singles_ & touched) != 0)) {
            if ((local & diagonal_.qubits) != 0) close(diagonal_);
            open_singles_ |= touched;
            append(singles_[static_cast<std::size_t>(std::countr_zero(touched))], index, touched);
            return;
        }
        close_singles(touched);
        if (local == 0 && count_bits(diagonal) <= merged_diagonal_qubits) {
            if (count_bits(diagonal_.qubits | diagonal) > merged_diagonal_qubits) close(diagonal_);
            append(diagonal_, index, diagonal);
            return;
        }
        if ((local & diagonal_.qubits) != 0) close(diagonal_);
        emit({&index, 1});
    }

    void append(Group& group, std::uint32_t index, Index qubits) {
        group.operations.push_back(index);
        group.qubits |= qubits;
        group.cost_ns += pass_cost_ns(program_, {&index, 1});
    }

    void close_singles(Index qubits) {
        for (Index closing = open_singles_ & qubits; closing != 0; closing &= closing - 1) {
            close(singles_[static_cast<std::size_t>(std::countr_zero(closing))]);
        }
        open_singles_ &= ~qubits;
    }

    void close(Group& group) {
        if (group.operations.size() > 1 && pass_cost_ns(program_, group.operations) < group.cost_ns) {
            emit(group.operations);
        } else {
            for (const std::uint32_t& operation : group.operations) emit({&operation, 1});
        }
        group.operations.clear();
        group.qubits = 0;
        group.cost_ns = 0;
    }

    void emit(std::span<const std::uint32_t> pass) {
        if (pass.empty()) return;
        sweep_.operations.insert(sweep_.operations.end(), pass.begin(), pass.end());
        sweep_.pass_begin.push_back(static_cast<std::uint32_t>(sweep_.operations.size()));
    }

    const Program& program_;
    Sweep& sweep_;
    Group diagonal_;
    std::array<Group, 64> singles_;
    Index open_singles_ = 0;
};

}  // namespace

void merge_passes(const Program& program, Sweep& sweep) { Merger(program, sweep).run(); }

}  // namespace ketjet
