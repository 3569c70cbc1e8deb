// The phases of several Y are put together.
#include "plan/write_out_y.hpp"

#include <algorithm>
#include <memory>

#include "plan/control_flow.hpp"
#include "plan/program_editor.hpp"

namespace ketjet {

namespace {

// Writes out Y; their phases are owed until the next operation that may not be passed by them.
class PauliEditor {
 public:
    PauliEditor(const RewrittenProgram& source, bool keeps_phases)
        : source_(source), editor_(source), keeps_phases_(keeps_phases) {}

    void label(std::size_t index) {
        settle();
        editor_.label(index);
    }
    void copy(std::size_t index) { editor_.copy(index); }
    void add_y(std::size_t index) {
        const Wires wires = std::get<GateOperation>(source_.program.operations()[index]).wires;
        const auto target = source_.program.targets(wires);
        origin_ = source_.origins[index];
        editor_.add(GateOperation{z_row, editor_.wires({}, 0, target), 0}, origin_);
        editor_.add(GateOperation{x_row, editor_.wires({}, 0, target), 0}, origin_);
        quarters_ = (quarters_ + 1) % 4;
    }
    RewrittenProgram finish() { return editor_.finish(source_.num_qubits); }

 private:
    void settle() {
        if (quarters_ == 0 || !keeps_phases_) return;
        const Complex phase[] = {1, {0, 1}, -1, {0, -1}};
        editor_.add(DiagonalOperation{editor_.wires({}, 0, {}),
                                      std::make_shared<const std::vector<Complex>>(1, phase[quarters_])},
                    origin_);
        quarters_ = 0;
    }

    const RewrittenProgram& source_;
    ProgramEditor editor_;
    bool keeps_phases_;
    std::uint32_t origin_ = 0;  // of the last Y
    std::size_t quarters_ = 0;  // of a turn, that are owed
};

}  // namespace

RewrittenProgram write_out_y(const RewrittenProgram& source, bool keeps_phases) {
    const auto operations = source.program.operations();
    const auto is_y = [](const Operation& operation) {
        const auto* const gate = std::get_if<GateOperation>(&operation);
        return gate != nullptr && gate->gate == y_row && gate->wires.controls == 0;
    };
    if (std::ranges::none_of(operations, is_y)) return source;
    const ControlFlow flow(source.program);
    PauliEditor editor(source, keeps_phases);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (flow.is_joined(i) || !is_unitary(operations[i])) editor.label(i);
        if (is_y(operations[i])) {
            editor.add_y(i);
        } else {
            editor.copy(i);
        }
    }
    editor.label(operations.size());
    return editor.finish();
}

}  // namespace ketjet
