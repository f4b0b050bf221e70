/* A wrapper for each call of calls.h. It has seven integer registers, which is what each of these calls takes
 * at most: arguments that a caller does not pass are passed on and not looked at. That is not C, but it is
 * the calling convention of x86-64 and of AArch64, also for a variadic function. */
#include "intercept.h"

#define CALL(name, arguments, result)                                                                        \
    long __real_##name(long, long, long, long, long, long, long);                                            \
    long __wrap_##name(long, long, long, long, long, long, long);                                            \
    long __wrap_##name(long a, long b, long c, long d, long e, long f, long g) {                             \
        static const struct call call = {#name, arguments, RESULT_##result, __real_##name};                  \
        return intercept(&call, (long[]){a, b, c, d, e, f, g});                                              \
    }
#include "calls.h"
