#include "textbook.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { KEY = 0x5e01, SLOTS = 4, ITEMS = 7, EMPTY = 0, FULL = 1, MUTEX = 2 };

struct ring {
    uint32_t slots[SLOTS];
    uint32_t head;
};

static void change(int set, unsigned short number, short by) {
    struct sembuf operation = {number, by, defect("no-undo") && number == MUTEX ? 0 : SEM_UNDO};
    if (number != MUTEX)
        operation.sem_flg = 0;
    if (semop(set, &operation, 1) == -1)
        err(1, "semop");
}

int ring_producer(void) {
    int set = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0660);
    int segment = shmget(KEY, sizeof(struct ring), IPC_CREAT | IPC_EXCL | 0660);
    struct ring *ring = shmat(segment, NULL, 0);
    if (set == -1 || segment == -1 || ring == (void *)-1)
        err(1, "create");
    semctl(set, MUTEX, SETVAL, 1);
    semctl(set, EMPTY, SETVAL, SLOTS);
    for (uint32_t item = 1; item <= ITEMS; item++) {
        change(set, EMPTY, -1);
        change(set, MUTEX, -1);
        ring->slots[ring->head % SLOTS] = defect("store-order") ? htonl(item * 1000) : item * 1000;
        ring->head++;
        change(set, MUTEX, 1);
        change(set, FULL, 1);
    }
    shmdt(ring);
    return 0;
}

int ring_consumer(void) {
    int set = semget(KEY, 0, 0), segment = shmget(KEY, 0, 0);
    struct ring *ring = shmat(segment, NULL, 0);
    if (set == -1 || segment == -1 || ring == (void *)-1)
        err(1, "open");
    for (int item = 0; item < ITEMS; item++) {
        change(set, FULL, -1);
        change(set, MUTEX, -1);
        printf("took %u\n", ring->slots[item % SLOTS]);
        ring->slots[item % SLOTS] = 0;
        change(set, MUTEX, 1);
        change(set, EMPTY, 1);
    }
    shmdt(ring);
    if (!defect("keeps-segment"))
        shmctl(segment, IPC_RMID, NULL);
    semctl(set, 0, IPC_RMID);
    return 0;
}
