/* One call that may be changed. */
#pragma once

enum result { RESULT_C, RESULT_I, RESULT_D, RESULT_Z, RESULT_E, RESULT_V, RESULT_P };

struct call {
    const char *name;
    const char *arguments;
    enum result result;
    long (*real)(long, long, long, long, long, long, long);
};

/* Makes the call, changed by the mutant that is switched on if it changes this call. */
long intercept(const struct call *call, long arguments[7]);
