// operation_facts: the structure of each operation, and its cost by the cost model.
#include "plan/facts.hpp"

#include "plan/cost.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

OperationFacts facts_of(const Program& program, const Operation& operation) {
    const auto [local, diagonal] = roles(program, operation);
    OperationFacts facts{local,
                         diagonal,
                         0,
                         turn_of(program, operation),
                         pair_turn_of(program, operation),
                         is_relabelling(program, operation),
                         false,
                         false,
                         false};
    if (const GateFacts* const gate = gate_row_of(operation)) {
        facts.flips = gate->structure == Structure::flip;
        facts.exchanges = facts.flips || gate->structure == Structure::swap;
        facts.rotates = gate->structure == Structure::rotation;
    } else {
        facts.exchanges = std::holds_alternative<PermutationOperation>(operation);
        facts.rotates = std::holds_alternative<PauliRotationOperation>(operation);
    }
    facts.cost_ns = operation_cost_ns(facts);
    return facts;
}

}  // namespace

std::vector<OperationFacts> operation_facts(const Program& program) {
    std::vector<OperationFacts> result;
    const auto operations = program.operations();
    result.reserve(operations.size());
    for (const Operation& operation : operations) result.push_back(facts_of(program, operation));
    return result;
}

}  // namespace ketjet
