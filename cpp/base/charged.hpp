// Vectors whose memory is charged to the budget of the run that the thread works for, as long as there is one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <vector>

#include "base/memory_budget.hpp"

namespace ketjet {

template <class T, MemoryPurpose use>
struct ChargedAllocator {
    using value_type = T;
    template <class U>
    struct rebind {
        using other = ChargedAllocator<U, use>;
    };

    ChargedAllocator() = default;
    template <class U>
    ChargedAllocator(const ChargedAllocator<U, use>&) noexcept {}

    T* allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) throw std::bad_array_new_length();
        MemoryBudget* const budget = MemoryBudget::current();
        if (budget == nullptr) return static_cast<T*>(::operator new(count * sizeof(T)));
        budget->charge(use, occupied(count));
        try {
            return static_cast<T*>(::operator new(count * sizeof(T)));
        } catch (...) {
            budget->credit(use, occupied(count));
            throw;
        }
    }
    void deallocate(T* data, std::size_t count) noexcept {
        if (MemoryBudget* const budget = MemoryBudget::current()) budget->credit(use, occupied(count));
        ::operator delete(data);
    }

    bool operator==(const ChargedAllocator&) const = default;

 private:
    // What the C library takes for a block: its header too, in units of 16 bytes, at least two of them.
    static std::size_t occupied(std::size_t count) {
        return std::max<std::size_t>((count * sizeof(T) + 23) / 16 * 16, 32);
    }
};

template <class T>
using ShotsVector = std::vector<T, ChargedAllocator<T, MemoryPurpose::shots>>;
template <class T>
using OutcomesVector = std::vector<T, ChargedAllocator<T, MemoryPurpose::outcomes>>;
template <class T>
using SavesVector = std::vector<T, ChargedAllocator<T, MemoryPurpose::saves>>;

}  // namespace ketjet
