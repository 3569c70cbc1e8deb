// One circuit on its way into a draft: plain instructions and control flow, blocks in blocks with a stack of its own.
// While it is read nothing here owns a Python object: up to Python 3.13 a thread that waits for the GIL at the end of
// the interpreter is unwound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bindings/gil.hpp"
#include "qiskit_bridge/control_flow.hpp"
#include "qiskit_bridge/draft.hpp"
#include "qiskit_bridge/plain_instructions.hpp"
#include "qiskit_bridge/qiskit_api.hpp"
#include "qiskit_bridge/read_circuit.hpp"
#include "qiskit_bridge/settings.hpp"

namespace ketjet::qiskit_bridge {

// So many instructions are read without a pause: about a millisecond.
constexpr std::size_t instructions_at_once = 8192;

// Where the circuit stands that is read.
struct Surroundings {
    std::vector<std::uint32_t> qubits;  // the numbers of its qubits and classical bits
    std::vector<std::uint32_t> clbits;
    bool starts_in_zero = true;
    bool is_inside = false;            // of something that may have acted on its qubits
    bool with_control_flow = true;     // whether something leads to the circuit
    std::int64_t first_free_word = 0;  // of classical memory
};

class Reading {
 public:
    Reading(const Settings& settings, const std::vector<std::string>& parameters, QkCircuit* circuit,
            Surroundings surroundings)
        : settings_(settings),
          is_inside_(surroundings.is_inside),
          with_control_flow_(surroundings.with_control_flow),
          found_(parameters.size(), surroundings.qubits.size(), surroundings.clbits.size()),
          plain_(settings, parameters, found_.draft, how_many(surroundings.qubits), surroundings.starts_in_zero,
                 surroundings.is_inside),
          control_flow_(settings, found_.draft, surroundings.first_free_word) {
        Frame& root = push();
        root.qubits = std::move(surroundings.qubits);
        root.clbits = std::move(surroundings.clbits);
        root.enter(circuit, no_instruction);
        found_.draft.columns.reserve(root.count + 1);
    }

    // Reads what can be read here; none if somebody changes the circuit meanwhile.
    std::optional<ReadCircuit> read() {
        if (!read_all()) return std::nullopt;
        found_.measures = plain_.measures();
        found_.words = control_flow_.words();
        return std::move(found_);
    }
    // Reads a definition, its global phase first; none if that cannot be read here, either.
    std::optional<ReadCircuit> read_definition() {
        if (!plain_.read_phase(frames_.front()->site)) return std::nullopt;
        return read();
    }

 private:
    bool read_all() {
        while (true) {
            Frame& frame = *frames_[depth_ - 1];
            if (frame.next == frame.count) {
                if (depth_ == 1) return true;
                leave_block(frame);
                continue;
            }
            if (++read_since_pause_ == instructions_at_once && !pause()) return false;
            const std::size_t index = frame.next++;
            const QkOperationKind kind = qk_circuit_instruction_kind(frame.site.circuit, index);
            const Read found = kind == QkOperationKind_ControlFlow ? read_control_flow(frame, index)
                                                                   : plain_.read(frame.site, index, kind);
            if (found == Read::left) {
                leave(kind);
            } else if (found == Read::nothing && depth_ == 1) {
                note(false);
            }
        }
    }

    static constexpr Origin no_instruction{-1, -1};

    // A circuit whose instructions are being read, and the operation that it is a block of.
    struct Frame {
        Site site{};
        std::size_t next = 0;
        std::size_t count = 0;
        std::vector<std::uint32_t> qubits;  // the numbers of the circuit's own
        std::vector<std::uint32_t> clbits;
        Construct construct{};

        void enter(QkCircuit* circuit, const Origin& around) {
            site = {circuit, qubits.data(), clbits.data(), around};
            next = 0;
            count = qk_circuit_num_instructions(circuit);
        }
        // Whether a circuit has as many qubits and classical bits as there are numbers for.
        bool fits(const QkCircuit* circuit) const {
            return qk_circuit_num_qubits(circuit) == qubits.size() && qk_circuit_num_clbits(circuit) == clbits.size();
        }
        // The block that is to be read; none if it does not fit, or is not there.
        QkCircuit* block() const {
            const QkControlFlowInstruction* const operation = construct.operation.get();
            if (construct.block >= qk_control_flow_num_blocks(operation)) return nullptr;
            const QkCircuit* const circuit = qk_control_flow_block_circuit(operation, construct.block);
            return fits(circuit) ? const_cast<QkCircuit*>(circuit) : nullptr;  // `inst_unitary` takes no other one
        }
    };

    static std::size_t how_many(const std::vector<std::uint32_t>& numbers) {
        return numbers.empty() ? 0 : std::size_t{std::ranges::max(numbers)} + 1;
    }

    Frame& push() {
        if (frames_.size() == depth_) frames_.push_back(std::make_unique<Frame>());
        return *frames_[depth_++];
    }
    void pop() { frames_[--depth_]->construct.operation.reset(); }

    // Begins with the blocks of a control-flow operation, or appends a jump out of a loop's body.
    Read read_control_flow(const Frame& around, std::size_t index) {
        if (depth_ == 1) before_ = control_flow_.position();
        if (!with_control_flow_ || depth_ > settings_.max_depth) return Read::left;
        const Site& site = around.site;
        OwnedControlFlow operation(qk_circuit_get_control_flow_instruction(site.circuit, index, nullptr));
        const QkControlFlowKind kind = qk_control_flow_kind(operation.get());
        if (kind == QkControlFlowKind_BreakLoop || kind == QkControlFlowKind_ContinueLoop) return read_jump(kind);
        const std::size_t before_loop = found_.draft.columns.num_operations();
        Frame& frame = push();
        frame.construct = Construct(std::move(operation), kind);
        if (!control_flow_.open(frame.construct, site)) return Read::left;
        if (frame.construct.num_blocks == 0) {
            pop();
            return Read::nothing;
        }
        QkCircuitInstructionView view;
        qk_circuit_view_instruction(site.circuit, index, &view);
        number(frame.qubits, {view.qubits, view.num_qubits}, site.qubits);
        number(frame.clbits, {view.clbits, view.num_clbits}, site.clbits);
        if (frame.construct.is_loop()) {  // what follows may have run before
            plain_.touch(site, view, true);
            for (const std::uint32_t qubit : frame.qubits) found_.draft.touched.emplace_back(before_loop, qubit);
        }
        const Origin outermost{static_cast<std::int64_t>(index), -2 - static_cast<std::int32_t>(kind)};
        return enter_block(frame, depth_ == 2 ? outermost : site.around) ? Read::operations : Read::left;
    }

    static void number(std::vector<std::uint32_t>& numbers, std::span<const std::uint32_t> own,
                       const std::uint32_t* around) {
        numbers.clear();
        for (const std::uint32_t each : own) numbers.push_back(around[each]);
    }

    bool enter_block(Frame& frame, const Origin& around) {
        QkCircuit* const block = frame.block();
        if (block == nullptr) return false;
        frame.enter(block, around);
        return plain_.read_phase(frame.site);
    }

    Read read_jump(QkControlFlowKind kind) {
        for (std::size_t i = depth_; i-- > 1;) {
            Construct& loop = frames_[i]->construct;
            if (!loop.is_loop()) continue;
            kind == QkControlFlowKind_BreakLoop ? control_flow_.break_loop(loop) : control_flow_.continue_loop(loop);
            return Read::operations;
        }
        return Read::left;
    }

    void leave_block(Frame& frame) {
        if (!control_flow_.close_block(frame.construct)) return leave(QkOperationKind_ControlFlow);
        if (frame.construct.block < frame.construct.num_blocks) {
            if (!enter_block(frame, frame.site.around)) leave(QkOperationKind_ControlFlow);
            return;
        }
        pop();
        if (depth_ == 1) note(false);
    }

    // Leaves an instruction to others, or the outermost one around it with all that has been read of it.
    void leave(QkOperationKind kind) {
        if (depth_ > 1 || kind == QkOperationKind_ControlFlow) {
            while (depth_ > 1) pop();
            control_flow_.truncate(before_);
            const Site& site = frames_.front()->site;
            QkCircuitInstructionView view;
            qk_circuit_view_instruction(site.circuit, frames_.front()->next - 1, &view);
            plain_.touch(site, view, false);
            with_control_flow_ = with_control_flow_ && !is_inside_;  // nothing may lead to what follows
        }
        note(true);
        const Site& site = frames_.front()->site;
        QkCircuitInstructionView view;
        qk_circuit_view_instruction(site.circuit, frames_.front()->next - 1, &view);
        Place& place = found_.places.emplace_back();
        number(place.qubits, {view.qubits, view.num_qubits}, site.qubits);
        number(place.clbits, {view.clbits, view.num_clbits}, site.clbits);
        place.may_be_defined =
            qk_circuit_instruction_kind(site.circuit, frames_.front()->next - 1) != QkOperationKind_ControlFlow;
    }

    void note(bool is_left) {
        const auto instruction = static_cast<std::int64_t>(frames_.front()->next - 1);
        found_.gaps.push_back({instruction, found_.draft.columns.num_operations(), is_left});
    }

    // Gives other threads and signal handlers their turn; false if they have changed the circuit.
    bool pause() {
        read_since_pause_ = 0;
        for (std::size_t i = 1; i < depth_; ++i) frames_[i]->construct.operation.reset();
        bindings::let_others_run();
        if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
        const Frame& root = *frames_.front();
        if (!root.fits(root.site.circuit) || qk_circuit_num_instructions(root.site.circuit) != root.count) return false;
        for (std::size_t i = 1; i < depth_; ++i) {
            if (!reopen(*frames_[i - 1], *frames_[i])) return false;
        }
        return true;
    }

    // Looks up a block again; false if it is not the one that it was.
    static bool reopen(const Frame& around, Frame& frame) {
        QkCircuit* const circuit = around.site.circuit;
        const std::size_t index = around.next - 1;
        if (qk_circuit_instruction_kind(circuit, index) != QkOperationKind_ControlFlow) return false;
        frame.construct.operation.reset(qk_circuit_get_control_flow_instruction(circuit, index, nullptr));
        if (qk_control_flow_kind(frame.construct.operation.get()) != frame.construct.kind) return false;
        frame.site.circuit = frame.block();
        return frame.site.circuit != nullptr && qk_circuit_num_instructions(frame.site.circuit) == frame.count;
    }

    const Settings& settings_;
    bool is_inside_;
    bool with_control_flow_;
    ReadCircuit found_;
    PlainInstructions plain_;
    ControlFlow control_flow_;
    std::vector<std::unique_ptr<Frame>> frames_;  // those that have been left are used again
    std::size_t depth_ = 0;
    std::size_t read_since_pause_ = 0;
    ControlFlow::Position before_{};  // the outermost construct that is being read
};

}  // namespace ketjet::qiskit_bridge
