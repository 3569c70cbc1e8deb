// Memory straight from the system, in whole pages. While nobody uses it, it can be offered to the system, which takes
// pages of it only when it lacks any; those that are still there when it is reclaimed are as warm as they were.
#pragma once

#include <cstddef>

namespace ketjet {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

// Null if there are none. From one huge page upwards they are huge ones, as far as the system has any.
void* map_pages(std::size_t bytes);
void unmap_pages(void* data, std::size_t bytes);

// From then on the pages stay mapped, but their contents are unspecified, the system counts them as free, and forked
// children do not inherit them. False where the system cannot do that, or where what is mapped is taken from others
// anyway: then they have to be unmapped.
bool offer_pages(void* data, std::size_t bytes);

// Makes pages that were offered like any others again, but for one thing: the system goes on counting those that it has
// not taken as free, when they are in use too. False if they have to be unmapped.
bool reclaim_pages(void* data, std::size_t bytes);

}  // namespace ketjet
