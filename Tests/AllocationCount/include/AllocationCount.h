// Counts allocations by replacing the allocator's entry points.
#pragma once

#include <stdbool.h>

/// Returns the number of allocations that the calling thread has made so far.
long allocation_count(void);

/// Returns whether allocations are counted; false if a sanitizer has replaced the allocator.
bool allocations_are_counted(void);
