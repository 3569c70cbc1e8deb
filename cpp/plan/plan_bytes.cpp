// Every struct of a plan names its members here once, and is written and read by that.
#include "plan/plan_bytes.hpp"

#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "plan/check_plan.hpp"
#include "program/program_bytes.hpp"

namespace ketjet {

template <>
inline constexpr Precision last_value<Precision> = Precision::double_;
template <>
inline constexpr Part last_value<Part> = Part::after;

template <>
inline constexpr std::tuple members<PlanOptions>{
    &PlanOptions::growth,       &PlanOptions::known_bits,  &PlanOptions::relabel_swaps,  &PlanOptions::prune,
    &PlanOptions::reuse_qubits, &PlanOptions::merge_dense, &PlanOptions::turn_pairs,     &PlanOptions::merge_passes,
    &PlanOptions::block_frame,  &PlanOptions::real_blocks, &PlanOptions::merge_branches, &PlanOptions::search};
template <>
inline constexpr std::tuple members<Sharing>{&Sharing::global_qubits, &Sharing::pinned_qubits};
template <>
inline constexpr std::tuple members<PlanRequest>{&PlanRequest::precision, &PlanRequest::options,
                                                 &PlanRequest::from_zero, &PlanRequest::keep_state,
                                                 &PlanRequest::fresh,     &PlanRequest::sharing};
template <>
inline constexpr std::tuple members<Machine>{&Machine::l1_bytes,   &Machine::l2_bytes,   &Machine::l3_bytes,
                                             &Machine::cores,      &Machine::cores_rule, &Machine::sweep_factor,
                                             &Machine::pass_factor};
template <>
inline constexpr std::tuple members<BlockShape>{&BlockShape::block_qubits, &BlockShape::run_qubits,
                                                &BlockShape::fresh_qubit_penalty, &BlockShape::diagonal_weight,
                                                &BlockShape::operations_per_sweep};
template <>
inline constexpr std::tuple members<Term>{&Term::begin, &Term::end, &Term::part};
template <>
inline constexpr std::tuple members<Relabel>{&Relabel::terms};
template <>
inline constexpr std::tuple members<Layer>{&Layer::turns, &Layer::phases};
template <>
inline constexpr std::tuple members<Dense>{&Dense::term};
template <>
inline constexpr std::tuple members<Single>{&Single::term};
template <>
inline constexpr std::tuple members<Pass>{&Pass::work, &Pass::cost_ns};
template <>
inline constexpr std::tuple members<Sweep>{&Sweep::hot,    &Sweep::active, &Sweep::operations,
                                           &Sweep::passes, &Sweep::folded, &Sweep::unfolds};
template <>
inline constexpr std::tuple members<Collapse>{&Collapse::operation, &Collapse::origin, &Collapse::random,
                                              &Collapse::clears};
template <>
inline constexpr std::tuple members<Extend>{&Extend::active};
template <>
inline constexpr std::tuple members<Compute>{&Compute::operation};
template <>
inline constexpr std::tuple members<Branch>{&Branch::operation, &Branch::target};
template <>
inline constexpr std::tuple members<Jump>{&Jump::operation, &Jump::target};
template <>
inline constexpr std::tuple members<Join>{&Join::before};
template <>
inline constexpr std::tuple members<Save>{&Save::operation, &Save::origin};
template <>
inline constexpr std::tuple members<SwappedQubits>{&SwappedQubits::first, &SwappedQubits::second};
template <>
inline constexpr std::tuple members<Exchange>{&Exchange::begin, &Exchange::swaps, &Exchange::active};
template <>
inline constexpr std::tuple members<FinalMeasurement>{&FinalMeasurement::qubit, &FinalMeasurement::clbit};
template <>
inline constexpr std::tuple members<KnownRead>{&KnownRead::clbit, &KnownRead::value};
template <>
inline constexpr std::tuple members<SaveFrame>{&SaveFrame::save, &SaveFrame::places, &SaveFrame::ones};

namespace {

// Of a plan itself, but for its programs and the time it took.
constexpr std::tuple plain_members{
    &Plan::request,     &Plan::machine,      &Plan::origins,       &Plan::shape,
    &Plan::num_qubits,  &Plan::state_qubits, &Plan::stages,        &Plan::final_measurements,
    &Plan::known_reads, &Plan::save_frames,  &Plan::global_qubits, &Plan::places};
constexpr std::tuple other_members{&Plan::program, &Plan::original, &Plan::reordering, &Plan::planning_seconds};
static_assert(count_members<Plan>() ==
              std::tuple_size_v<decltype(plain_members)> + std::tuple_size_v<decltype(other_members)>);

Plan read_plan(ByteReader& bytes) {
    ProgramReader programs(bytes);
    const Program original = programs.get();
    Program planned = programs.get_rewritten(original);
    std::shared_ptr<const Reordering> reordering;
    if (bytes.get<bool>()) {
        Program before = programs.get_rewritten(original);
        reordering =
            std::make_shared<const Reordering>(Reordering{std::move(before), bytes.get<std::vector<std::uint32_t>>()});
    }
    Plan plan{{}, {}, std::move(planned), original, {}, {}, 0, 0, {}, {}, {}, {}, 0, std::move(reordering)};
    std::apply([&](auto... member) { (bytes.get(plan.*member), ...); }, plain_members);
    return plan;
}

}  // namespace

std::vector<std::uint8_t> bytes_of(const Plan& plan) {
    ByteWriter bytes;
    bytes.put(plan_format);
    bytes.put(vocabulary());
    ProgramWriter programs(bytes);
    programs.put(plan.original);
    programs.put_rewritten(plan.program);
    bytes.put(plan.reordering != nullptr);
    if (plan.reordering != nullptr) {
        programs.put_rewritten(plan.reordering->before);
        bytes.put(plan.reordering->order);
    }
    std::apply([&](auto... member) { (bytes.put(plan.*member), ...); }, plain_members);
    bytes.put(hash_of(bytes.bytes()));
    return bytes.take();
}

Plan plan_from_bytes(std::span<const std::uint8_t> all) {
    try {
        ByteReader head(all);
        const auto format = head.get<std::uint32_t>();
        if (format != plan_format) {
            throw PlanFormatError("the bytes are of format " + std::to_string(format) + ", but this version reads " +
                                  std::to_string(plan_format) + "; make the plan again");
        }
        if (head.get<std::uint64_t>() != vocabulary()) {
            throw PlanFormatError("the bytes are of a version with other gates; make the plan again");
        }
        constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);
        if (head.left() < checksum_bytes) throw DamagedBytes("they end too early");
        ByteReader tail(all.last(checksum_bytes));
        if (tail.get<std::uint64_t>() != hash_of(all.first(all.size() - checksum_bytes))) {
            throw DamagedBytes("their checksum is another one");
        }
        ByteReader body(all.subspan(all.size() - head.left(), head.left() - checksum_bytes));
        Plan plan = read_plan(body);
        body.finish();
        check_plan(plan);
        return plan;
    } catch (const DamagedBytes& error) {
        throw PlanFormatError(std::string("the bytes are damaged: ") + error.what());
    } catch (const std::invalid_argument& error) {
        throw PlanFormatError(std::string("the bytes are damaged: ") + error.what());
    }
}

}  // namespace ketjet
