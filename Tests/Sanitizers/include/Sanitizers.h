#pragma once
#include <stdbool.h>

/// Whether this program contains a sanitizer, whose allocator uses more memory than requested.
bool is_sanitized(void);
