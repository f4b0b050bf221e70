// Counts allocations by standing in for the allocator's entry points.
#pragma once

#include <stdbool.h>

/// How often the calling thread has allocated so far.
long allocation_count(void);

/// Whether it is counted at all: not where a sanitizer has put its own allocator in place.
bool allocations_are_counted(void);
