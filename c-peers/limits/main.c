/* limits [--cores A,B] [--duration MS] [NAME...]: measures the machine's physical limits, and prints a line
 * of JSON for each. */
#include "limits.h"

#include <err.h>
#include <string.h>

static const struct limit *const all[] = {limits_cpu, limits_exchange, limits_copy};

void limit_measure(const struct limit *limit, const struct pair_options *options, unsigned units,
                   void (*batch)(void *context), void *context) {
    static struct histogram histogram;
    memset(&histogram, 0, sizeof histogram);
    uint64_t elapsed = 0, batches = 0;
    const uint64_t warm = histogram_now() + options->duration / 10;
    while (histogram_now() < warm)
        batch(context);
    for (uint64_t begin = histogram_now(), end; elapsed < options->duration; begin = end) {
        batch(context);
        end = histogram_now();
        histogram_record(&histogram, (end - begin + units / 2) / units);
        elapsed += end - begin;
        batches++;
    }
    histogram_report(limit->name, &histogram, elapsed, batches * units, batches * units * limit->size);
}

static bool is_known(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const struct limit *limit = all[i]; limit->name; limit++)
            if (strcmp(limit->name, name) == 0)
                return true;
    return false;
}

int main(int argc, char *argv[]) {
    const struct pair_options options = pair_parse(argc, argv);
    for (char **name = options.names; *name; name++)
        if (!is_known(*name))
            errx(2, "there is no limit '%s'", *name);
    pair_pin(options.cores[0]);
    pair_end_with_partner();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const struct limit *limit = all[i]; limit->name; limit++)
            if (!pair_selects(&options, limit->name))
                continue;
            else if (limit->needs_two_cores && options.cores[0] == options.cores[1])
                warnx("%s is skipped: it needs two cores", limit->name);
            else
                limit->run(limit, &options);
    pair_require(fflush(stdout) == 0, "write");
    return 0;
}
