#include "bindings/report_columns.hpp"

#include <array>

#include "bindings/gil.hpp"

namespace ketjet::bindings {

namespace {

constexpr std::array part_names{"whole", "before", "turn", "after"};  // in the order of Part

}  // namespace

ReportColumns::ReportColumns(const PlanReport& report) : left_out_(report.left_out) {
    for (const OperationReport& operation : report.operations) {
        operation_names_.push_back(texts_.number_of(operation.name));
        operation_qubits_.add(operation.qubits);
    }
    for (const StageReport& stage : report.stages) add(stage);
}

py::tuple ReportColumns::tuple() {
    const NoCollection while_made;
    return py::make_tuple(
        texts_.tuple(), py::make_tuple(to_array(std::move(operation_names_)), operation_qubits_.arrays()),
        py::make_tuple(to_array(std::move(stage_kinds_)), to_array(std::move(stage_reasons_)), hot_.arrays(),
                       active_.arrays(), to_array(std::move(folded_)), missing_.arrays(), stage_operations_.arrays(),
                       to_array(std::move(bytes_moved_)), to_array(std::move(targets_)),
                       to_array(std::move(amplitudes_)), to_array(std::move(stage_fma_)), to_array(std::move(seconds_)),
                       to_array(std::move(passes_end_)), swaps_.arrays()),
        py::make_tuple(to_array(std::move(pass_kinds_)), to_array(std::move(kernels_)),
                       to_array(std::move(pass_reasons_)), pass_operations_.arrays(), parts_.arrays(),
                       pass_qubits_.arrays(), to_array(std::move(ns_per_amplitude_)), to_array(std::move(pass_fma_))),
        left_out_);
}

void ReportColumns::add(const StageReport& stage) {
    stage_kinds_.push_back(texts_.number_of(stage.kind));
    stage_reasons_.push_back(texts_.number_of(text_of(stage.reason)));
    hot_.add(stage.hot);
    active_.add(stage.active);
    folded_.push_back(stage.folded);
    missing_.add(stage.missing);
    std::vector<int> swaps;
    for (const auto& [first, second] : stage.swaps) swaps.insert(swaps.end(), {first, second});
    swaps_.add(swaps);
    stage_operations_.add(stage.operations);
    bytes_moved_.push_back(stage.bytes_moved);
    targets_.push_back(stage.target ? static_cast<std::int64_t>(*stage.target) : -1);
    amplitudes_.push_back(stage.amplitudes);
    stage_fma_.push_back(stage.fma);
    seconds_.push_back(stage.seconds);
    for (const PassReport& pass : stage.passes) add(pass);
    passes_end_.push_back(static_cast<std::int64_t>(pass_kinds_.size()));
}

void ReportColumns::add(const PassReport& pass) {
    pass_kinds_.push_back(texts_.number_of(pass.kind));
    kernels_.push_back(texts_.number_of(pass.kernel));
    pass_reasons_.push_back(texts_.number_of(text_of(pass.reason)));
    pass_operations_.add(pass.operations, [](const PassOperation& of) { return of.operation; });
    parts_.add(pass.operations, [this](const PassOperation& of) {
        return texts_.number_of(part_names[static_cast<std::size_t>(of.part)]);
    });
    pass_qubits_.add(pass.qubits);
    ns_per_amplitude_.push_back(pass.ns_per_amplitude);
    pass_fma_.push_back(pass.fma_per_amplitude);
}

}  // namespace ketjet::bindings
