#pragma once
#include <stdbool.h>

/// Whether this program has a sanitizer in it, whose allocator takes more memory than was asked for.
bool is_sanitized(void);
