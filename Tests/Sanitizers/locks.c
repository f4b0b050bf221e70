// The kernel transfers a contended Swift `Mutex` to its next owner (FUTEX_LOCK_PI). ThreadSanitizer does not
// model the transfer, and would report a race between the owners. This syscall(2) wrapper therefore adds an
// atomic operation on the lock word, which synchronizes the owners without changing the word.
#include "Sanitizers.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>

#if __has_feature(thread_sanitizer)
static void show_taken(_Atomic uint32_t *lock) {
    (void)atomic_load_explicit(lock, memory_order_acquire);
}

static void show_given(_Atomic uint32_t *lock) {
    atomic_fetch_add_explicit(lock, 0, memory_order_release);
}

// This function is not instrumented, because Foundation also makes system calls in threads that
// ThreadSanitizer regards as finished.
__attribute__((disable_sanitizer_instrumentation)) long syscall(long number, ...) {
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    _Atomic uint32_t *lock = (_Atomic uint32_t *)arguments[0];
    const int operation = number == SYS_futex ? (int)arguments[1] & FUTEX_CMD_MASK : -1;
    if (operation == FUTEX_UNLOCK_PI)
        show_given(lock);
    long (*const libcs)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    const long result =
        libcs(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    if (result == 0 && (operation == FUTEX_LOCK_PI || operation == FUTEX_TRYLOCK_PI))
        show_taken(lock);
    return result;
}

// A thread that waits for a `Mutex` first spins, in a library that is not instrumented. If the thread gets
// the lock while spinning, no system call shows it. The symbol belongs to `_MutexHandle._lockSlow`.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
__attribute__((swiftcall)) void lock_slowly(uint32_t thread,
                                            __attribute__((swift_context)) void *lock) __asm__(LOCK_SLOW);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *lock) {
    typedef __attribute__((swiftcall)) void slow(uint32_t, __attribute__((swift_context)) void *);
    slow *const original = (slow *)dlsym(RTLD_NEXT, LOCK_SLOW);
    original(thread, lock);
    show_taken(lock);
}

// A continuation can be resumed before its task suspends. In that case, the uninstrumented runtime continues
// the task in the same thread.
const char *__tsan_default_suppressions(void) {
    return "race_top:withUnsafeContinuation\n";
}
#endif

bool is_sanitized(void) {
    return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
}
