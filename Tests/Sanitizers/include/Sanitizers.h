#pragma once
#include <stdbool.h>

/// Returns whether this program contains a sanitizer. Sanitizer allocators use more memory than requested.
bool is_sanitized(void);
