// Counts allocations by standing in for the allocator's entry points.
#pragma once

/// How often the calling thread has allocated so far.
long allocation_count(void);
