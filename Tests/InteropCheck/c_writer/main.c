#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 2 || mkfifo(argv[1], 0600) == -1) {
        perror("mkfifo");
        return 1;
    }
    int fifo = open(argv[1], O_WRONLY);
    if (fifo == -1 || write(fifo, "hello\n", 6) != 6) {
        perror("write");
        return 1;
    }
    return 0;
}
