#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char line[64];
    FILE *fifo = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (fifo == NULL || fgets(line, sizeof line, fifo) == NULL) {
        perror("read");
        return 1;
    }
    fputs(line, stdout);
    return unlink(argv[1]) == -1;
}
