// Chooses the kernel table for this CPU. KETJET_ISA=portable|avx2|avx512|neon forces one.
#pragma once

#include <span>
#include <string_view>

#include "kernels/kernel_table.hpp"

namespace ketjet {

// The tables this CPU can run, best first.
std::span<const KernelTable* const> available_kernels();

// By name; empty: KETJET_ISA if set, else the best. Throws std::invalid_argument listing what is available.
const KernelTable& kernels_for(std::string_view name = {});

}  // namespace ketjet
