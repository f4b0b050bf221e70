/* The file server's mapped files, and the clients that have mapped them. */
#include "file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_limits file_limits = {.files = 64, .size = 1UL << 30, .mapped = 1UL << 32};

/* A file that a client has mapped. */
struct use {
    TAILQ_ENTRY(use) link;
    struct file *file;
};
TAILQ_HEAD(uses, use);

static TAILQ_HEAD(, file) files = TAILQ_HEAD_INITIALIZER(files);
static unsigned file_count;
static json_int_t last_number;
static const struct problem none = {0};

static void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        err(EX_OSERR, "malloc");
    return memory;
}

/* -- Files -- */

static struct problem check_limits(unsigned more_files, size_t size, size_t more_bytes) {
    if (file_count + more_files > file_limits.files)
        return problem("limit", "there are already %u mapped files", file_limits.files);
    if (size > file_limits.size)
        return problem("limit", "a file has at most %zu bytes", file_limits.size);
    if (totals.mapped + more_bytes > file_limits.mapped)
        return problem("limit", "all mapped files have at most %zu bytes", file_limits.mapped);
    return none;
}

static struct use *find_use(const struct client *client, json_int_t number) {
    const struct uses *uses = client->state;
    struct use *use = uses ? TAILQ_FIRST(uses) : NULL;
    while (use && use->file->number != number)
        use = TAILQ_NEXT(use, link);
    return use;
}

struct file *file_find(const struct client *client, json_int_t number) {
    const struct use *use = find_use(client, number);
    return use ? use->file : NULL;
}

static void add_use(struct client *client, struct file *file) {
    if (find_use(client, file->number))
        return;
    if (!client->state) {
        client->state = allocate(sizeof(struct uses));
        TAILQ_INIT((struct uses *)client->state);
    }
    struct use *use = allocate(sizeof *use);
    use->file = file;
    TAILQ_INSERT_TAIL((struct uses *)client->state, use, link);
    file->clients++;
}

/* Maps an open file. Closes the descriptor if that fails. */
static struct problem add(struct client *client, const char *path, int fd, const struct stat *status,
                          struct file **added) {
    struct file *file = allocate(sizeof *file);
    *file = (struct file){.number = last_number + 1,
                          .path = strdup(path),
                          .device = status->st_dev,
                          .inode = status->st_ino,
                          .fd = fd,
                          .due = INT64_MAX};
    if (!file->path)
        err(EX_OSERR, "malloc");
    if (!file_map(file, (size_t)status->st_size)) {
        const struct problem problem = problem_of_call("mmap");
        free(file->path);
        free(file);
        close(fd);
        return problem;
    }
    last_number++;
    totals.opened++;
    file_count++;
    TAILQ_INSERT_TAIL(&files, file, link);
    add_use(client, file);
    *added = file;
    return none;
}

struct problem file_open(struct client *client, const char *path, struct file **file) {
    struct stat status;
    const int fd = root_file(path);
    if (fd == -1)
        return problem_of_call("openat2");
    if (fstat(fd, &status) == -1) {
        const struct problem problem = problem_of_call("fstat");
        close(fd);
        return problem;
    }
    /* A file has only one mapping, even if clients use different names for it. */
    TAILQ_FOREACH(*file, &files, link)
    if ((*file)->device == status.st_dev && (*file)->inode == status.st_ino) {
        close(fd);
        add_use(client, *file);
        return none;
    }
    const struct problem problem = check_limits(1, (size_t)status.st_size, (size_t)status.st_size);
    if (!problem.code)
        return add(client, path, fd, &status, file);
    close(fd);
    return problem;
}

/* Removes a file that was created, unless its name now refers to another file. */
static void remove_created(int directory, const char *name, const struct stat *created) {
    struct stat found;
    if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && found.st_dev == created->st_dev &&
        found.st_ino == created->st_ino)
        unlinkat(directory, name, 0);
}

static struct problem create_in(struct client *client, int directory, const char *name, const char *path,
                                size_t size, struct file **file) {
    struct stat status;
    const int fd = open_beneath(directory, name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd == -1)
        return problem_of_call("openat2");
    const char *call = NULL;
    if (fstat(fd, &status) == -1)
        call = "fstat";
    else if (!file_reserve(fd, size))
        call = "fallocate";
    else if (fsync(fd) == -1 || fsync(directory) == -1)
        call = "fsync";
    struct problem problem = call ? problem_of_call(call) : none;
    status.st_size = (off_t)size;
    if (problem.code)
        close(fd);
    else
        problem = add(client, path, fd, &status, file);
    if (problem.code)
        remove_created(directory, name, &status);
    return problem;
}

struct problem file_create(struct client *client, const char *path, size_t size, struct file **file) {
    struct problem problem = check_limits(1, size, size);
    if (problem.code)
        return problem;
    const char *name;
    const int directory = root_parent(path, &name);
    if (directory == -1)
        return problem_of_call("openat2");
    problem = create_in(client, directory, name, path, size, file);
    close(directory);
    return problem;
}

struct problem file_grow(struct file *file, size_t size) {
    if (size < file->size)
        return problem("invalid-payload", "the file has %zu bytes, and does not become shorter", file->size);
    const struct problem problem = check_limits(0, size, size - file->size);
    return problem.code ? problem : file_extend(file, size);
}

/* Writes a file to the disk, and notifies all its clients. */
static void sync_and_notify(struct file *file) {
    const size_t dirty = ranges_bytes(&file->dirty);
    const struct problem problem = file_sync(file);
    if (problem.code)
        warnx("sync '%s': %s", file->path, problem.text);
    struct client *client;
    TAILQ_FOREACH(client, &clients, link) {
        if (!find_use(client, file->number))
            continue;
        if (problem.code)
            notify(client, "sync-failed",
                   json_pack("{sI, ss}", "file", file->number, "message", problem.text));
        else
            notify(client, "synced",
                   json_pack("{sI, sI}", "file", file->number, "synced", (json_int_t)dirty));
    }
}

struct problem file_unmap(struct client *client, struct file *file) {
    struct uses *uses = client->state;
    struct use *use = find_use(client, file->number);
    TAILQ_REMOVE(uses, use, link);
    free(use);
    if (--file->clients > 0)
        return none;
    const struct problem problem = file_sync(file);
    TAILQ_REMOVE(&files, file, link);
    file_count--;
    totals.mapped -= file->size;
    if (file->bytes)
        munmap(file->bytes, file->size);
    close(file->fd);
    free(file->path);
    free(file);
    return problem;
}

void files_forget(struct client *client) {
    struct uses *uses = client->state;
    for (struct use *use; uses && (use = TAILQ_FIRST(uses));) {
        char *path = strdup(use->file->path);
        const struct problem problem = file_unmap(client, use->file);
        if (problem.code)
            warnx("sync '%s': %s", path ? path : "", problem.text);
        free(path);
    }
    free(uses);
    client->state = NULL;
}

int64_t files_tick(int64_t now) {
    int64_t next = INT64_MAX;
    struct file *file;
    TAILQ_FOREACH(file, &files, link) {
        if (file->due <= now)
            sync_and_notify(file);
        next = file->due < next ? file->due : next;
    }
    return next;
}

/* -- Reports -- */

json_t *file_status(const struct file *file) {
    return json_pack("{ss, sI, sI, sI, so, sI, sI, sI}", "path", file->path, "size", (json_int_t)file->size,
                     "clients", (json_int_t)file->clients, "dirty", (json_int_t)ranges_bytes(&file->dirty),
                     "ranges", ranges_list(&file->dirty), "reads", file->reads, "writes", file->writes,
                     "syncs", file->syncs);
}

json_t *files_statistics(void) {
    json_int_t dirty = 0;
    const struct file *file;
    TAILQ_FOREACH(file, &files, link) dirty += (json_int_t)ranges_bytes(&file->dirty);
    return json_pack("{sI, sI, sI, sI, sI, sI, sI, sI}", "files", (json_int_t)file_count, "mapped",
                     (json_int_t)totals.mapped, "dirty", dirty, "opened", totals.opened, "read", totals.read,
                     "written", totals.written, "syncs", totals.syncs, "failed", totals.failed_syncs);
}

json_t *files_list(void) {
    json_t *list = json_array();
    const struct file *file;
    TAILQ_FOREACH(file, &files, link)
    json_array_append_new(list,
                          json_pack("{sI, ss, sI, sI}", "file", file->number, "path", file->path, "size",
                                    (json_int_t)file->size, "clients", (json_int_t)file->clients));
    return list;
}
