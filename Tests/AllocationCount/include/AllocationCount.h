// Counts allocations by replacing the allocator's entry points.
#pragma once

#include <stdbool.h>

/// The number of allocations of the calling thread so far.
long allocation_count(void);

/// Whether allocations are counted; false if a sanitizer replaced the allocator.
bool allocations_are_counted(void);
