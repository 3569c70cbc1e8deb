// One walk backwards, and loops as often as something new is found in them.
#include "plan/drop_unseen.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/bit_set.hpp"
#include "plan/control_flow.hpp"
#include "plan/program_editor.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

// The operations from `first` to `last`, which jumps back.
struct Loop {
    std::size_t first, last;
    bool finds_more = false;
};

}  // namespace

RewrittenProgram drop_unseen(const RewrittenProgram& source) {
    const auto operations = source.program.operations();
    BitSet seen(source.num_qubits);
    std::vector<bool> kept(operations.size(), true);
    std::vector<WireRole> wires;
    std::vector<Loop> loops;
    for (std::size_t i = operations.size(); i-- > 0;) {
        const auto target = target_of(operations[i]);
        if (target && *target <= i && (loops.empty() || loops.back().last != i)) loops.push_back({*target, i});
        wire_roles(source.program, operations[i], wires);
        const auto is_seen = [&](const WireRole& wire) { return seen.contains(wire.qubit); };
        kept[i] = !is_unitary(operations[i]) || wires.empty() || std::ranges::any_of(wires, is_seen);
        if (kept[i] && !std::ranges::all_of(wires, is_seen)) {
            for (const WireRole& wire : wires) seen.insert(wire.qubit);
            for (Loop& loop : loops) loop.finds_more = true;
        }
        // What comes first in a loop reads what comes last: it is walked until nothing more is found.
        while (!loops.empty() && loops.back().first >= i) {
            if (std::exchange(loops.back().finds_more, false)) {
                i = loops.back().last + 1;
                break;
            }
            loops.pop_back();
        }
    }
    if (std::ranges::all_of(kept, std::identity{})) return source;
    ProgramEditor editor(source);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        editor.label(i);
        if (kept[i]) editor.copy(i);
    }
    editor.label(operations.size());
    return editor.finish(source.num_qubits);
}

}  // namespace ketjet
