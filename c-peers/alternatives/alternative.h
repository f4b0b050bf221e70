/* The benchmark for a library that a program could use instead of a mechanism: round trips and a flood of
 * 64-byte messages between two processes on one machine. Each library has one source file, which defines
 * `alternative_library`. */
#ifndef ALTERNATIVE_H
#define ALTERNATIVE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ALTERNATIVE_MESSAGE = 64 };

enum alternative_pattern {
    ALTERNATIVE_PING_PONG, /* both sides send and receive */
    ALTERNATIVE_FLOOD,     /* the partner sends, and this process receives */
};

/* The functions that a library provides. All of them block, and exit the program on failure. */
struct alternative {
    const char *name;
    /* Opens one side. The first side opens before its partner. Both use the same directory. */
    void (*open)(enum alternative_pattern, bool is_first, const char *directory);
    void (*send)(const void *message);
    void (*receive)(void *message);
    void (*close)(void);
    /* Removes everything that both sides have created, even if one of them failed. */
    void (*remove)(const char *directory);
};

extern const struct alternative alternative_library;

/* Exits with a message unless `condition` is true. */
void alternative_require(bool condition, const char *call, const char *reason);

#ifdef __cplusplus
}
#endif

#endif
