// What each control-flow operation becomes: branches and jumps around the operations of its blocks. The same as in
// lowering/control_flow.py, for all whose conditions, values and blocks Qiskit's C API shows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "qiskit_bridge/conditions.hpp"
#include "qiskit_bridge/draft.hpp"
#include "qiskit_bridge/plain_instructions.hpp"
#include "qiskit_bridge/qiskit_api.hpp"
#include "qiskit_bridge/settings.hpp"

namespace ketjet::qiskit_bridge {

// A control-flow operation with a block that is being read.
struct Construct {
    Construct() = default;
    Construct(OwnedControlFlow its_operation, QkControlFlowKind its_kind)
        : operation(std::move(its_operation)), kind(its_kind) {}

    OwnedControlFlow operation;
    QkControlFlowKind kind{};
    std::size_t block = 0;  // the number of the one that is being read
    std::size_t num_blocks = 0;
    std::int64_t end = -1;        // the label behind it, where `break` leads
    std::int64_t following = -1;  // that of the next block, or of a loop's next repetition, where `continue` leads
    bool broken = false;
    bool continued = false;
    bool was_reachable = false;
    bool is_left_somewhere = false;  // whether one of the ways through it leads on
    std::optional<Cases> cases;
    std::uint64_t repetitions = 0;  // of a for loop, with all that follows
    std::int64_t top = -1;
    std::int64_t counter = -1;  // its word in classical memory
    std::int64_t start = -1;    // the code in front of it
    Draft::Position begin{};

    bool is_loop() const { return kind == QkControlFlowKind_ForLoop || kind == QkControlFlowKind_While; }
};

class ControlFlow {
 public:
    // The first word of classical memory that nothing uses.
    ControlFlow(const Settings& settings, Draft& draft, std::int64_t first_free)
        : settings_(settings), draft_(draft), first_free_(first_free) {}

    struct Position {
        Draft::Position draft;
        std::int64_t first_free;
        std::int64_t words;
    };
    Position position() const { return {draft_.position(), first_free_, words_}; }
    void truncate(const Position& position) {
        draft_.truncate(position.draft);
        first_free_ = position.first_free;
        words_ = position.words;
        reachable_ = true;
    }
    // How many words of classical memory are needed.
    std::int64_t words() const { return words_; }

    // Writes what comes before the first block, if there is any; false if the operation cannot be read here.
    bool open(Construct& construct, const Site& site) {
        const QkControlFlowInstruction* const operation = construct.operation.get();
        construct.kind = qk_control_flow_kind(operation);
        construct.num_blocks = qk_control_flow_num_blocks(operation);
        construct.was_reachable = reachable_;
        switch (construct.kind) {
            case QkControlFlowKind_Box:
                return construct.num_blocks == 1;
            case QkControlFlowKind_IfElse:
                return (construct.num_blocks == 1 || construct.num_blocks == 2) && open_if(construct, site);
            case QkControlFlowKind_While:
                return construct.num_blocks == 1 && open_while(construct, site);
            case QkControlFlowKind_Switch:
                construct.cases = cases_of(settings_, site, operation);
                return construct.cases && open_switch(construct);
            case QkControlFlowKind_ForLoop:
                return construct.num_blocks == 1 && open_for(construct);
            default:
                return false;
        }
    }
    // Writes what follows a block; false if the program would become too long.
    bool close_block(Construct& construct) {
        switch (construct.kind) {
            case QkControlFlowKind_IfElse:
                close_if(construct);
                break;
            case QkControlFlowKind_While:
                leave(construct.following);
                reachable_ = true;
                place(construct.end);
                break;
            case QkControlFlowKind_Switch:
                leave(construct.end);
                end_way(construct);
                place(construct.following);
                if (construct.block + 1 < construct.num_blocks)
                    begin_case(construct, construct.block + 1);
                else
                    close_switch(construct);
                break;
            case QkControlFlowKind_ForLoop:
                if (!close_for(construct)) return false;
                break;
            default:
                break;
        }
        ++construct.block;
        return true;
    }
    void break_loop(Construct& loop) {
        loop.broken = true;
        jump(loop.end);
        reachable_ = false;
    }
    void continue_loop(Construct& loop) {
        loop.continued = true;
        jump(loop.following);
        reachable_ = false;
    }

 private:
    bool open_if(Construct& construct, const Site& site) {
        std::optional<Code> code = condition(settings_, site, construct.operation.get());
        if (!code) return false;
        construct.end = draft_.jumps.new_label();
        construct.following = construct.num_blocks > 1 ? draft_.jumps.new_label() : construct.end;
        branch(std::move(*code), construct.following);
        return true;
    }

    void close_if(Construct& construct) {
        if (construct.block == 0 && construct.num_blocks > 1) {
            leave(construct.end);
            end_way(construct);
            place(construct.following);
            reachable_ = construct.was_reachable;
            return;
        }
        end_way(construct);
        construct.is_left_somewhere = construct.is_left_somewhere || construct.num_blocks == 1;
        place(construct.end);
        join(construct);
    }

    bool open_while(Construct& construct, const Site& site) {
        std::optional<Code> code = condition(settings_, site, construct.operation.get());
        if (!code) return false;
        construct.following = draft_.jumps.new_label();
        construct.end = draft_.jumps.new_label();
        place(construct.following);
        branch(std::move(*code), construct.end);
        return true;
    }

    bool open_switch(Construct& construct) {
        construct.counter = first_free_;
        first_free_ += static_cast<std::int64_t>(construct.cases->words);  // where the value of an expression would be
        construct.end = draft_.jumps.new_label();
        if (construct.num_blocks > 0)
            begin_case(construct, 0);
        else
            close_switch(construct);
        return true;
    }

    void begin_case(Construct& construct, std::size_t number) {
        construct.following = draft_.jumps.new_label();
        const auto& labels = construct.cases->labels[number];
        if (labels) branch(construct.cases->is_one_of(settings_, *labels), construct.following);
        reachable_ = construct.was_reachable;
    }

    void close_switch(Construct& construct) {
        construct.is_left_somewhere = construct.is_left_somewhere || !construct.cases->has_default();
        place(construct.end);
        first_free_ = construct.counter;
        join(construct);
    }

    // The body is read once. All other repetitions are the same operations again, or a jump back and a counter.
    bool open_for(Construct& construct) {
        const std::optional<std::uint64_t> repetitions = repetitions_of(construct.operation.get());
        if (!repetitions) return false;
        construct.repetitions = *repetitions;
        if (*repetitions == 0) {
            construct.num_blocks = 0;
            return true;
        }
        construct.counter = first_free_++;
        construct.start = compute({});
        construct.top = draft_.jumps.new_label();
        construct.end = draft_.jumps.new_label();
        place(construct.top);
        compute({});  // where a variable would get its value
        construct.begin = draft_.position();
        construct.following = draft_.jumps.new_label();
        return true;
    }

    // How often a loop's body runs; none if it has a parameter or a variable.
    static std::optional<std::uint64_t> repetitions_of(const QkControlFlowInstruction* operation) {
        if (qk_control_flow_loop_param_kind(operation) != QkLoopParamKind_NoLoopParam) return std::nullopt;
        if (qk_control_flow_loop_collection_type(operation) == QkLoopCollectionType_List) {
            return qk_control_flow_loop_elements(operation).len;
        }
        std::int64_t start = 0, stop = 0, step = 0;
        qk_control_flow_loop_range(operation, &start, &stop, &step);
        if (step == 0) return std::nullopt;
        const auto first = static_cast<std::uint64_t>(start), last = static_cast<std::uint64_t>(stop);
        if (step > 0) return start < stop ? (last - first - 1) / static_cast<std::uint64_t>(step) + 1 : 0;
        return start > stop ? (first - last - 1) / (0 - static_cast<std::uint64_t>(step)) + 1 : 0;
    }

    bool close_for(Construct& loop) {
        const bool runs_once = !reachable_ && !loop.continued;
        reachable_ = true;
        place(loop.following);
        const Draft::Position finish = draft_.position();
        const std::size_t size = finish.operations - loop.begin.operations;
        const std::uint64_t more = runs_once ? 0 : loop.repetitions - 1;
        if (size == 0) {
            // Not even a loop of 10^12 turns does anything.
        } else if (runs_once || loop.repetitions <= settings_.max_unrolled / size) {
            if (finish.operations + more * size > settings_.max_operations) return false;
            for (std::uint64_t i = 0; i < more; ++i) draft_.repeat(loop.begin, finish);
        } else {
            count(loop);
        }
        place(loop.end);
        // Runs that left at different counts are the same from here on.
        if (!draft_.jumps.code(loop.start).empty() && loop.broken) compute(zero(loop.counter));
        first_free_ = loop.counter;
        return true;
    }

    void count(Construct& loop) {
        draft_.jumps.code(loop.start) = zero(loop.counter);
        words_ = std::max(words_, loop.counter + 1);
        const Code load{settings_.load_words, loop.counter, 1};
        Code next = load;
        push_constant(settings_, 1, 1, next);
        next.insert(next.end(),
                    {settings_.add, static_cast<std::int64_t>(word_bits), settings_.store_words, loop.counter, 1});
        compute(std::move(next));
        Code is_last = load;
        push_constant(settings_, loop.repetitions, 1, is_last);
        is_last.insert(is_last.end(), {settings_.equal, 1});
        branch(std::move(is_last), loop.top);
    }

    // The code that sets a counter to zero.
    Code zero(std::int64_t counter) const {
        Code code;
        push_constant(settings_, 0, 1, code);
        code.insert(code.end(), {settings_.store_words, counter, 1});
        return code;
    }

    void end_way(Construct& construct) const {
        construct.is_left_somewhere = construct.is_left_somewhere || reachable_;
    }
    void join(const Construct& construct) { reachable_ = construct.was_reachable && construct.is_left_somewhere; }

    // A jump at the end of a block, unless nothing gets there.
    void leave(std::int64_t label) {
        if (reachable_) jump(label);
    }
    void jump(std::int64_t label) { add(settings_.jump, label, -1); }
    void branch(Code code, std::int64_t label) { add(settings_.branch, label, draft_.jumps.new_code(std::move(code))); }
    std::int64_t compute(Code code) {
        const std::int64_t number = draft_.jumps.new_code(std::move(code));
        add(settings_.compute, -1, number);
        return number;
    }
    void add(std::int32_t operation, std::int64_t label, std::int64_t code) {
        draft_.jumps.add(draft_.columns.num_operations(), label, code);
        draft_.columns.add(operation);
    }
    void place(std::int64_t label) { draft_.jumps.place(label, draft_.columns.num_operations()); }

    const Settings& settings_;
    Draft& draft_;
    std::int64_t first_free_;
    std::int64_t words_ = 0;
    bool reachable_ = true;
};

}  // namespace ketjet::qiskit_bridge
