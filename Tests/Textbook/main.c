// textbook [--defect NAME] PROGRAM
#include "textbook.h"

#include <err.h>
#include <string.h>

static const char *selected = "";

bool defect(const char *name) {
    return strcmp(selected, name) == 0;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
    } programs[] = {
        {"job_server", job_server},
        {"job_client", job_client},
        {"fifo_logger", fifo_logger},
        {"fifo_client", fifo_client},
        {"ring_producer", ring_producer},
        {"ring_consumer", ring_consumer},
        {"socket_daemon", socket_daemon},
        {"socket_client", socket_client},
        {"signal_worker", signal_worker},
        {"signal_boss", signal_boss},
        {"packet_receiver", packet_receiver},
        {"packet_sender", packet_sender},
        {"fault_server", fault_server},
        {"fault_client", fault_client},
        {"hostile", hostile},
    };
    if (argc > 2 && strcmp(argv[1], "--defect") == 0) {
        selected = argv[2];
        argc -= 2;
        argv += 2;
    }
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strcmp(name, programs[i].name) == 0)
            return programs[i].run();
    errx(64, "usage: textbook [--defect NAME] PROGRAM");
}
