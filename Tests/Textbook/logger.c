#include "textbook.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "/tmp/log.fifo";

int fifo_logger(void) {
    umask(0);
    if (mkfifo(path, defect("mode") ? 0666 : 0622) == -1)
        err(1, "mkfifo");
    FILE *fifo = fopen(path, "re");
    uint32_t length;
    char text[256];
    if (fifo == NULL)
        err(1, "fopen");
    if (defect("portions") || defect("stops"))
        setvbuf(fifo, NULL, _IONBF, 0);
    while (fread(&length, sizeof length, 1, fifo) == 1) {
        length = ntohl(length);
        if (length > sizeof text || fread(text, 1, length, fifo) != length)
            errx(1, "a record of %u bytes", length);
        printf("log: %.*s\n", (int)length, text);
        if (defect("stops")) {
            poll(&(struct pollfd){.fd = fileno(fifo)}, 1, -1); // until the client has closed its end
            break;
        }
    }
    fclose(fifo);
    if (unlink(path) == -1)
        err(1, "unlink");
    return 0;
}

static void record(int fifo, const char *text) {
    char bytes[260];
    size_t length = strlen(text) + (defect("nul") ? 0 : 1);
    uint32_t header = defect("byte-order") ? (uint32_t)length : htonl((uint32_t)length);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, text, length);
    if (write(fifo, bytes, sizeof header + length) == -1)
        err(1, "write");
}

int fifo_client(void) {
    int fifo = open(path, defect("cloexec") ? O_WRONLY : O_WRONLY | O_CLOEXEC);
    if (fifo == -1)
        err(1, "open");
    record(fifo, "started");
    record(fifo, "working");
    record(fifo, "stopped");
    close(fifo);
    return 0;
}
