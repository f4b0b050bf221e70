// Pairs of programs as in IPC textbooks. The recording tests record them and compare ports with the
// recordings: this program itself with a deliberate defect, and Tests/TextbookPorts in Swift.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Whether the program has this defect, selected by `textbook --defect NAME PROGRAM`.
bool defect(const char *name);

// jobs.c: a server that receives jobs from a queue, and stores the results in shared memory
int job_server(void);
int job_client(void);
// logger.c: a logger that reads length-prefixed records from a FIFO
int fifo_logger(void);
int fifo_client(void);
// ring.c: a producer and a consumer that share a ring, synchronized by System V semaphores
int ring_producer(void);
int ring_consumer(void);
// daemon.c: a daemon that passes a descriptor over a Unix socket
int socket_daemon(void);
int socket_client(void);
// worker.c: a worker that receives its tasks as signals
int signal_worker(void);
int signal_boss(void);
// packets.c: packets and messages, each received whole
int packet_receiver(void);
int packet_sender(void);
// faults.c: a server and a client with defects that only a failed system call reveals
int fault_server(void);
int fault_client(void);
// hostile.c
int hostile(void);

/// A job in the queue. The padding after `kind` is zero.
struct job {
    char kind; // 's' to square the number, 'q' to quit
    int32_t number;
    char name[8];
};

/// The results in shared memory.
struct results {
    int32_t count;
    int32_t squares[16];
};
