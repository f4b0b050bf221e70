/* A wrapper for each call in calls.h. Every wrapper takes seven integer arguments, the most that any of these
 * calls takes, and passes them on unchanged even if the caller passed fewer. C does not define this, but the
 * calling conventions of x86-64 and AArch64 allow it, even for a variadic function. */
#include "intercept.h"

#define CALL(name, arguments, result)                                                                        \
    long __real_##name(long, long, long, long, long, long, long);                                            \
    long __wrap_##name(long, long, long, long, long, long, long);                                            \
    long __wrap_##name(long a, long b, long c, long d, long e, long f, long g) {                             \
        static const struct call call = {#name, arguments, RESULT_##result, __real_##name};                  \
        return intercept(&call, (long[]){a, b, c, d, e, f, g});                                              \
    }
#include "calls.h"
