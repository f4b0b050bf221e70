#include "AllocationCount.h"

#include <stdbool.h>
#include <stddef.h>

// The program's own definitions take precedence over libc's in every library that the process loads. Each
// thread has its own counter, so concurrent tests do not affect the result.
static __thread long count;

// A sanitizer has its own allocator, which must not be replaced. With a sanitizer, nothing is counted.
#define IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))

#if !IS_SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size) {
    count++;
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count++;
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count++;
    return __libc_realloc(block, size);
}

#endif

long allocation_count(void) {
    return count;
}

bool allocations_are_counted(void) {
    return !IS_SANITIZED;
}
