/* The file server's parts: the root directory (root.c), byte ranges (ranges.c), base64 (base64.c),
 * the bytes of a mapped file (mapping.c), and all files with their clients (files.c). */
#ifndef FILE_H
#define FILE_H

#include "../common/service.h"

/* -- The root directory (root.c) -- */

/* Opens the directory that contains all files. Exits if it cannot, or if the kernel lacks openat2(2). */
void root_open(const char *path);

/* Opens a path below a directory, without following symbolic links. Returns -1 with errno. */
int open_beneath(int directory, const char *path, int flags, mode_t mode);

/* Opens a regular file below the root. Returns -1 with errno, which is ENODEV if it is not a regular file. */
int root_file(const char *path);

/* Opens the directory of a path below the root. `name` becomes its last component. Returns -1 with errno. */
int root_parent(const char *path, const char **name);

/* -- Ranges (ranges.c) -- */

enum { RANGE_LIMIT = 64 };

struct range {
    size_t start, end;
};

/* Ranges in ascending order, which do not touch each other. */
struct ranges {
    size_t count;
    struct range entries[RANGE_LIMIT + 1];
};

/* Adds the bytes from `start` up to, but not including, `end`. If there are too many ranges, merges the two
 * closest. */
void ranges_add(struct ranges *ranges, size_t start, size_t end);
void ranges_clear(struct ranges *ranges);
size_t ranges_bytes(const struct ranges *ranges);
/* Returns [[offset, length], ...]. */
json_t *ranges_list(const struct ranges *ranges);

/* Whether a range is not negative, and ends within a file of this size. */
bool range_fits(json_int_t offset, json_int_t length, size_t size);

/* -- Base64 (base64.c): RFC 4648, section 4, with padding -- */

/* Returns text that the caller frees. */
char *base64_encode(const char *bytes, size_t length);

/* Returns bytes that the caller frees; NULL if the text is not valid. */
char *base64_decode(const char *text, size_t length, size_t *count);

/* -- The bytes of a mapped file (mapping.c) -- */

/* The reason why a request failed; the code is NULL if it succeeded. */
struct problem {
    const char *code;
    char text[160];
};

struct file {
    TAILQ_ENTRY(file) link;
    json_int_t number;
    char *path;
    dev_t device;
    ino_t inode;
    int fd;
    char *bytes; /* NULL while the size is 0 */
    size_t size;
    unsigned clients;
    struct ranges dirty;
    int64_t due;      /* when to write the dirty ranges; INT64_MAX means never */
    bool sync_failed; /* the kernel may have discarded written bytes */
    json_int_t reads, writes, syncs;
};

/* Totals for all files since the server started; `mapped` is the current size. */
struct file_totals {
    size_t mapped;
    json_int_t opened, read, written, syncs, failed_syncs;
};
extern struct file_totals totals;

extern int64_t sync_interval; /* nanoseconds; INT64_MAX means never */

__attribute__((format(printf, 2, 3))) struct problem problem(const char *code, const char *format, ...);

/* Returns the problem for a failed system call; the path in a request can be the cause. */
struct problem problem_of_call(const char *call);

/* Maps the first `size` bytes of an open file. Returns false with errno. */
bool file_map(struct file *file, size_t size);

/* Reserves space, so that a write cannot fail for lack of it. A longer file is unchanged. Returns false with
 * errno. */
bool file_reserve(int fd, size_t size);

struct problem file_read(struct file *file, size_t offset, size_t length, char *bytes);
struct problem file_write(struct file *file, size_t offset, size_t length, const char *bytes);

/* Writes the file to the disk. */
struct problem file_sync(struct file *file);

/* Durably extends a file, and extends its mapping. */
struct problem file_extend(struct file *file, size_t size);

/* -- All files (files.c) -- */

struct file_limits {
    unsigned files;
    size_t size, mapped;
};
extern struct file_limits file_limits;

/* Maps a file for a client. Other clients may have mapped it already. */
struct problem file_open(struct client *client, const char *path, struct file **file);

/* Durably creates a file, and maps it for a client. */
struct problem file_create(struct client *client, const char *path, size_t size, struct file **file);

/* Returns NULL if the client has not mapped the file. */
struct file *file_find(const struct client *client, json_int_t number);

/* Checks the limits, and extends a file. */
struct problem file_grow(struct file *file, size_t size);

/* Unmaps a file for a client. For the last client, writes the file to the disk first; the file is unmapped
 * even if that fails. */
struct problem file_unmap(struct client *client, struct file *file);

json_t *file_status(const struct file *file);
json_t *files_statistics(void);
json_t *files_list(void);

/* Unmaps the files of a client that disconnected. */
void files_forget(struct client *client);

/* Writes to the disk the files that are due, and notifies their clients. Returns when to call it again. */
int64_t files_tick(int64_t now);

#endif
