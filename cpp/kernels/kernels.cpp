// One kernel table, compiled once per instruction set with KETJET_ISA_NAME and KETJET_TABLE_FUNCTION set by the build.
// The object exports that one function and nothing else; ARCHITECTURE.md says why.
#include "kernels/kernel_table.hpp"
#include "kernels/lanes.hpp"
#include "kernels/simd.hpp"
#include "kernels/sums.hpp"
#include "kernels/walk.hpp"
#include "kernels/wide_walk.hpp"
//
#include "kernels/norm.inl"
//
#include "kernels/axis_sums.inl"
#include "kernels/copy.inl"
#include "kernels/dense_sums.inl"
#include "kernels/diagonal.inl"
#include "kernels/pauli_sums.inl"
#include "kernels/permute.inl"
#include "kernels/phase.inl"
#include "kernels/probe.inl"
#include "kernels/reflect.inl"
#include "kernels/turn.inl"
//
#include "kernels/dense_wide.inl"
#include "kernels/pauli_apply.inl"
#include "kernels/read_phase.inl"
#include "kernels/read_turn.inl"
#include "kernels/turn_phase.inl"
//
#include "kernels/dense.inl"

namespace ketjet {
namespace {

template <class T>
constexpr Kernels kernels_of{lane_bits<T>,  max_turn_axes,  gather<T>,     scatter<T>,   dense<T>,
                             diagonal<T>,   exchange<T>,    rotation<T>,   turn<T>,      phase<T>,
                             turn_phase<T>, reflect<T>,     pauli_sums<T>, axis_sums<T>, read_turn<T>,
                             read_phase<T>, pauli_apply<T>, leaf_norms<T>, fma_probe<T>};

constexpr KernelTable table{KETJET_ISA_NAME, kernels_of<float>, kernels_of<double>};

}  // namespace

extern const KernelTable* KETJET_TABLE_FUNCTION();
const KernelTable* KETJET_TABLE_FUNCTION() { return &table; }

}  // namespace ketjet
