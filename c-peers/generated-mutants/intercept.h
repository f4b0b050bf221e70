/* A call that a mutant may change. */
#pragma once

enum result { RESULT_C, RESULT_I, RESULT_D, RESULT_Z, RESULT_E, RESULT_V, RESULT_P };

struct call {
    const char *name;
    const char *arguments;
    enum result result;
    long (*real)(long, long, long, long, long, long, long);
};

/* Makes the call, changed if the selected mutant applies to it. */
long intercept(const struct call *call, long arguments[7]);
