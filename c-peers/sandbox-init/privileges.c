#include "sandbox_init.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Peers run without privileges: as a different user than this process, without capabilities or a way to gain
// any. If this process cannot change its user, or the peers' user cannot read the programs, peers run as this
// process's user, but still without capabilities. In both cases they cannot trace this process, because it
// keeps its capabilities and is not dumpable. Landlock keeps the peers from tracing each other.

// Capabilities that root needs for calls in scenarios. Without the other capabilities, root cannot mount,
// enter this process's namespaces, or trace this process.
static const unsigned long long root_capabilities =
    1 << CAP_CHOWN | 1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH | 1 << CAP_FOWNER | 1 << CAP_FSETID |
    1 << CAP_KILL | 1 << CAP_SETGID | 1 << CAP_SETUID | 1 << CAP_NET_BIND_SERVICE | 1 << CAP_NET_ADMIN |
    1 << CAP_NET_RAW | 1 << CAP_IPC_LOCK | 1 << CAP_IPC_OWNER | 1 << CAP_SYS_NICE | 1 << CAP_SYS_RESOURCE;

static unsigned long long of_root; // the subset of root_capabilities that this process has
static uid_t users[3];             // indexed by enum user
static bool can_run[3];
static int ruleset = -1;

static bool set_capabilities(unsigned long long effective, unsigned long long inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    for (int half = 0; half < _LINUX_CAPABILITY_U32S_3; half++) {
        sets[half].effective = sets[half].permitted = (unsigned)(effective >> 32 * half);
        sets[half].inheritable = (unsigned)(inheritable >> 32 * half);
    }
    return syscall(SYS_capset, &header, sets) == 0;
}

static unsigned long long own_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, sets) == -1)
        return 0;
    return (unsigned long long)sets[1].effective << 32 | sets[0].effective;
}

/// Whether a user and a group with this ID exist in this user namespace, and this process can change to them.
static bool exists(uid_t id) {
    int user = setfsuid(id), group = setfsgid(id);
    bool changed = (uid_t)setfsuid((uid_t)user) == id;
    return (gid_t)setfsgid((gid_t)group) == id && changed;
}

/// Whether a user can read the checkout and the programs. While another fsuid is set, root's capabilities for
/// file access have no effect.
static bool can_read_programs(uid_t id, const struct plan *plan) {
    int user = setfsuid(id), group = setfsgid(id);
    bool reads = true;
    for (int i = 0; i < plan->kept; i++) {
        struct stat status;
        bool entered = stat(plan->keep[i], &status) == 0 && S_ISDIR(status.st_mode);
        reads = reads && faccessat(AT_FDCWD, plan->keep[i], entered ? R_OK | X_OK : R_OK, AT_EACCESS) == 0;
    }
    for (int i = 0; i < plan->programs; i++)
        reads = reads && faccessat(AT_FDCWD, plan->program[i], R_OK, AT_EACCESS) == 0;
    setfsuid((uid_t)user);
    setfsgid((gid_t)group);
    return reads;
}

/// Returns the first of two users that other sandboxes do not have at the same time: limits such as
/// RLIMIT_MSGQUEUE apply to everything that belongs to a user.
static uid_t first_user(void) {
    const uid_t own =
        PEER_ID + 2 * ((uid_t)getpid() % 100000); // getpid() is outside the sandbox's PID namespace
    return exists(own) && exists(own + 1) ? own : exists(PEER_ID) ? PEER_ID : NARROW_PEER_ID;
}

void choose_users(const struct plan *plan) {
    // These capabilities are needed to change the user, and to kill and inspect another user's processes.
    const unsigned long long change = 1 << CAP_SETUID | 1 << CAP_SETGID | 1 << CAP_KILL | 1 << CAP_SYS_PTRACE;
    const unsigned long long own = own_capabilities();
    const bool can_change = (own & change) == change && setresuid(-1, -1, -1) == 0; // a filter may reject it
    const uid_t first = can_change ? first_user() : geteuid();
    users[ROOT] = geteuid();
    of_root = own & root_capabilities;
    // In most containers, root does not have this capability.
    can_run[ROOT] = users[ROOT] == 0 && (of_root | 1 << CAP_SYS_RESOURCE) == root_capabilities;
    users[ANOTHER_USER] = first + 1;
    can_run[ANOTHER_USER] = can_change && exists(first + 1);
    users[PEER] = can_run[ANOTHER_USER] && can_read_programs(first, plan) ? first : geteuid();
    can_run[PEER] = true;
}

uid_t peers_user(void) {
    return users[PEER];
}

bool can_run_as(enum user user) {
    return can_run[user];
}

void reply_users(void) {
    reply_number("user", users[PEER]);
    reply_number("another-user", users[ANOTHER_USER]);
    reply_number("landlock", ruleset != -1);
}

/// Each peer that enters this ruleset gets a separate domain. The ruleset does not restrict access to files,
/// but a peer cannot trace processes outside its domain, or open their files in /proc.
static int create_ruleset(void) {
    struct landlock_ruleset_attr rights = {.handled_access_fs = LANDLOCK_ACCESS_FS_REFER};
    int created = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof rights.handled_access_fs, 0);
    struct landlock_path_beneath_attr everywhere = {
        .allowed_access = LANDLOCK_ACCESS_FS_REFER,
        .parent_fd = created != -1 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1,
    };
    if (created == -1)
        return -1;
    bool added = syscall(SYS_landlock_add_rule, created, LANDLOCK_RULE_PATH_BENEATH, &everywhere, 0) == 0;
    close(everywhere.parent_fd);
    if (added)
        return created;
    close(created);
    return -1;
}

void protect_this_process(void) {
    ruleset = create_ruleset();
    // A process cannot gain a capability outside the bounding set by executing a program. Peers that run as
    // root inherit this set.
    const unsigned long long own = own_capabilities();
    set_capabilities(own, of_root);
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const char *lower_privileges(enum user user) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        return "prctl PR_SET_NO_NEW_PRIVS";
    if (ruleset != -1 && syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
        return "landlock_restrict_self";
    const uid_t id = users[user];
    if (id != geteuid() &&
        (setgroups(0, NULL) == -1 || setresgid(id, id, id) == -1 || setresuid(id, id, id) == -1))
        return "setresuid";
    // The runner may have inherited securebits that keep capabilities across the change of user.
    const unsigned long long kept = user == ROOT ? of_root : 0;
    return set_capabilities(kept, kept) ? NULL : "capset";
}
