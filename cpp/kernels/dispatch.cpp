// The list of kernel tables; the only C++ file that reads an environment variable.
#include "kernels/dispatch.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace ketjet {

const KernelTable* kernel_table_portable();
#if defined(KETJET_X86)
const KernelTable* kernel_table_avx2();
const KernelTable* kernel_table_avx512();
#elif defined(KETJET_ARM64)
const KernelTable* kernel_table_neon();
#endif

std::span<const KernelTable* const> available_kernels() {
    static const std::vector<const KernelTable*> tables = [] {
        std::vector<const KernelTable*> found;
#if defined(KETJET_X86)
        __builtin_cpu_init();
        const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                          __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#if defined(KETJET_EMULATE_AVX512)
        const bool avx512 = avx2;
#else
        const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
        if (avx512) found.push_back(kernel_table_avx512());
        if (avx2) found.push_back(kernel_table_avx2());
#elif defined(KETJET_ARM64)
        found.push_back(kernel_table_neon());  // every such CPU has it
#endif
        found.push_back(kernel_table_portable());
        return found;
    }();
    return tables;
}

// When the library is loaded, see base/fork.hpp.
[[maybe_unused]] const bool found_at_load = !available_kernels().empty();

const KernelTable& kernels_for(std::string_view name) {
    if (name.empty()) {
        const char* const forced = std::getenv("KETJET_ISA");
        if (forced == nullptr || *forced == '\0') return *available_kernels().front();
        name = forced;
    }
    std::string names;
    for (const KernelTable* const table : available_kernels()) {
        if (name == table->name) return *table;
        names += (names.empty() ? "" : ", ") + std::string(table->name);
    }
    std::string shown(name.substr(0, 40));  // it may come from the environment, so it may be anything
    std::ranges::replace_if(shown, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
    throw std::invalid_argument("instruction set '" + shown + "' is not available on this CPU; choose from " + names);
}

}  // namespace ketjet
