/* A process-shared mutex: one pthread_mutex_lock(3) and one pthread_mutex_unlock(3). */
#include "cost.h"

#include <errno.h>
#include <pthread.h>

static void require(int error, const char *what) {
    errno = error;
    cost_require(error == 0, what);
}

static void run_shared_mutex(const struct cost_run *run) {
    pthread_mutex_t *mutex = cost_map(NULL, sizeof *mutex);
    pthread_mutexattr_t attributes;
    require(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
    require(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED),
            "pthread_mutexattr_setpshared");
    require(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), "pthread_mutexattr_setrobust");
    require(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK), "pthread_mutexattr_settype");
    require(pthread_mutex_init(mutex, &attributes), "pthread_mutex_init");
    for (long i = 0; i < run->count; i++) {
        int error = pthread_mutex_lock(mutex);
        if (error == EOWNERDEAD)
            error = pthread_mutex_consistent(mutex);
        require(error, "pthread_mutex_lock");
        require(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
    }
}

const struct cost cost_shared_mutex[] = {{"shared-mutex", run_shared_mutex}, {0}};
