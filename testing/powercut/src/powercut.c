// A disk that can lose power, fail and fill up, between one process and one folder.
//
// Preloaded into the server, this library stands between it and the C library. It follows every
// file under POWERCUT_FOLDER and remembers how to undo what has not been synced: the bytes that a
// write replaced, the length a file had, the name it had. When the power is cut, it undoes all of
// that or a part of it, as a disk might, and kills the process. It can also answer that a sync or a
// write has failed, and that the disk is full.
//
// What a disk may do, and what is simulated:
// - Data is durable once fsync or fdatasync of its file has returned. What is not may survive wholly,
//   not at all, up to some byte (CUT_TORN), or with holes (CUT_HOLES).
// - A name is durable once its folder was synced, or the new file itself (as ext4, XFS and btrfs do
//   it). Of the names that are not, some first part survives, in the order they were made.
// - After a failed sync the kernel takes the pages for clean: they are still there to be read, but no
//   later sync writes them. Such writes are *doomed*: only writing them again can save them.
//
// It is driven through POWERCUT_CONTROL, a file of 64-bit numbers that both sides map into memory, so
// that a test decides in the middle of the load what happens next.
//
// Not seen: system calls that do not go through the C library (the `rename` of the tempfile crate is
// one: it counts as durable at once), and writes through mapped memory.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CUT_CLEAN, CUT_TORN, CUT_HOLES };

// The control file. The same layout is in lib.rs.
struct control {
    volatile uint64_t cut_after;   // cut the power before this many more operations; 0: do not
    volatile uint64_t cut_mode;    // what becomes of what is not synced
    volatile uint64_t chance;      // seeds what is kept
    volatile uint64_t fail_syncs;  // so many syncs of data answer EIO
    volatile uint64_t fail_writes; // so many writes of data answer EIO
    volatile uint64_t limited;     // 1: the disk has only `room` bytes left
    volatile uint64_t room;
    volatile uint64_t operations;  // the rest is told by us
    volatile uint64_t syncs;
    volatile uint64_t failed;      // operations that were made to fail
    volatile uint64_t undone;      // writes and names that the cut has undone
    volatile uint64_t kept;        // unsynced ones that it kept
};

// A write or a change of length that is not synced.
struct change {
    uint64_t number;  // in the order of all changes
    off_t offset;     // where old bytes go back to
    size_t size;      // how many there are
    char *old;
    off_t old_length; // the file's length before
    off_t end;        // behind the last byte that was written; 0 for a change of length
    int doomed;       // a sync of it has failed
};

struct inode {
    dev_t device;
    ino_t number;
    int fd; // to undo through; -1 without changes
    struct change *changes;
    size_t count, capacity;
    struct inode *next;
};

enum name_kind { CREATED, MADE_FOLDER, REMOVED, REMOVED_FOLDER, RENAMED };

// A change of a name that is not durable.
struct name {
    uint64_t number;
    enum name_kind kind;
    char *path, *to;   // `to`: where a renamed file went
    char *saved;       // a link to what would be lost otherwise
    ino_t inode;       // of the new file or folder: its own sync makes its name durable
    ino_t folders[2];  // whose sync makes it durable
};

#define BUCKETS 4096
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct inode *inodes[BUCKETS];
static struct name *names;
static size_t names_count, names_capacity;
static uint64_t next_number = 1, next_saved = 1;
static struct control *control;
static char folder[PATH_MAX], scratch[PATH_MAX];
static size_t folder_length;
static dev_t folder_device;

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_rename)(const char *, const char *), (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t), (*real_rmdir)(const char *);
static int (*real_unlinkat)(int, const char *, int), (*real_link)(const char *, const char *);
static ssize_t (*real_copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);
static ssize_t (*real_sendfile)(int, int, off_t *, size_t);

static void give_up(const char *what) {
    dprintf(2, "powercut: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    if (real_write) return;
#define REAL(name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)
    REAL(open); REAL(write); REAL(pwrite); REAL(writev); REAL(pwritev); REAL(fsync); REAL(fdatasync);
    REAL(ftruncate); REAL(fallocate); REAL(rename); REAL(unlink); REAL(mkdir); REAL(rmdir);
    REAL(unlinkat); REAL(link); REAL(copy_file_range); REAL(sendfile);
    const char *watched = getenv("POWERCUT_FOLDER"), *file = getenv("POWERCUT_CONTROL"), *saved = getenv("POWERCUT_SCRATCH");
    if (!watched || !file || !saved) return;
    if (!realpath(watched, folder) || !realpath(saved, scratch)) give_up("the folders");
    folder_length = strlen(folder);
    struct stat status;
    if (stat(folder, &status)) give_up(folder);
    folder_device = status.st_dev;
    int fd = real_open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) give_up(file);
    struct control *mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) give_up("mapping the control file");
    control = mapped;
}

// ---- chance -------------------------------------------------------------------------------------

static uint64_t draw(void) {
    uint64_t mixed = control->chance += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

// ---- which files --------------------------------------------------------------------------------

// The absolute path of a file under the folder, whose last part need not exist.
static int watched_path(const char *path, char *full) {
    if (!control) return 0;
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length >= sizeof parent || !*last) return 0;
    memcpy(parent, path, length);
    parent[length] = 0;
    char resolved[PATH_MAX];
    if (!realpath(length ? parent : (slash ? "/" : "."), resolved)) return 0;
    if (strncmp(resolved, folder, folder_length) || (resolved[folder_length] && resolved[folder_length] != '/')) return 0;
    return snprintf(full, PATH_MAX, "%s/%s", resolved, last) < PATH_MAX;
}

static struct inode **slot(dev_t device, ino_t number) {
    struct inode **at = &inodes[number % BUCKETS];
    while (*at && ((*at)->number != number || (*at)->device != device)) at = &(*at)->next;
    return at;
}

static struct inode *watch(const struct stat *status) {
    struct inode **at = slot(status->st_dev, status->st_ino);
    if (!*at) {
        if (!(*at = calloc(1, sizeof **at))) give_up("memory");
        (*at)->device = status->st_dev;
        (*at)->number = status->st_ino;
        (*at)->fd = -1;
    }
    return *at;
}

// A regular file that was opened under the folder. The lock is held.
static struct inode *watched(int fd, struct stat *status) {
    if (!control || fstat(fd, status) || !S_ISREG(status->st_mode) || status->st_dev != folder_device) return NULL;
    return *slot(status->st_dev, status->st_ino);
}

// ---- what can be undone -------------------------------------------------------------------------

static void forget(struct inode *inode, size_t index) {
    free(inode->changes[index].old);
    memmove(&inode->changes[index], &inode->changes[index + 1], (inode->count - index - 1) * sizeof *inode->changes);
    inode->count--;
}

static void close_unchanged(struct inode *inode) {
    if (inode->count == 0 && inode->fd >= 0) {
        close(inode->fd);
        inode->fd = -1;
    }
}

// A descriptor of our own: to undo through, and to look around in the file without moving its user's
// position.
static int own_fd(struct inode *inode, int fd) {
    if (inode->fd < 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if ((inode->fd = real_open(path, O_RDWR | O_CLOEXEC)) < 0) give_up("a second descriptor");
    }
    return inode->fd;
}

// Remembers what a change of [from, to) is about to replace; `length` is the file's new one.
static struct change *remember(struct inode *inode, int fd, const struct stat *status, off_t from, off_t to, int is_write) {
    own_fd(inode, fd);
    // The pages of a doomed write are dirty again once they are written again.
    for (size_t i = inode->count; is_write && i-- > 0;) {
        struct change *old = &inode->changes[i];
        if (old->doomed && old->offset < to && from < old->end) forget(inode, i);
    }
    // What is cut off need not be saved.
    for (size_t i = inode->count; !is_write && i-- > 0;)
        if (inode->changes[i].doomed && inode->changes[i].offset >= from) forget(inode, i);
    if (inode->count == inode->capacity) {
        inode->capacity = inode->capacity ? 2 * inode->capacity : 16;
        inode->changes = realloc(inode->changes, inode->capacity * sizeof *inode->changes);
        if (!inode->changes) give_up("memory");
    }
    struct change *change = &inode->changes[inode->count++];
    *change = (struct change){.number = next_number++, .offset = from, .old_length = status->st_size, .end = is_write ? to : 0};
    off_t end = to < status->st_size ? to : status->st_size;
    if (from < end) {
        change->size = (size_t)(end - from);
        if (!(change->old = malloc(change->size))) give_up("memory");
        if (pread(inode->fd, change->old, change->size, from) != (ssize_t)change->size) give_up("reading old bytes");
    }
    return change;
}

static char *save(const char *path) {
    char *saved = NULL;
    if (asprintf(&saved, "%s/%d-%llu", scratch, (int)getpid(), (unsigned long long)next_saved++) < 0) give_up("memory");
    if (real_link(path, saved)) give_up("keeping a removed file");
    return saved;
}

static ino_t inode_of(const char *path) {
    struct stat status;
    return lstat(path, &status) ? 0 : status.st_ino;
}

static ino_t folder_of(const char *path) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash) *slash = 0;
    return inode_of(parent);
}

static void note_name(struct name name) {
    if (names_count == names_capacity) {
        names_capacity = names_capacity ? 2 * names_capacity : 64;
        if (!(names = realloc(names, names_capacity * sizeof *names))) give_up("memory");
    }
    name.number = next_number++;
    name.folders[0] = folder_of(name.path);
    if (name.to) name.folders[1] = folder_of(name.to);
    names[names_count++] = name;
}

static void forget_name(size_t index) {
    struct name *name = &names[index];
    if (name->saved) real_unlink(name->saved);
    free(name->path); free(name->to); free(name->saved);
    memmove(name, name + 1, (names_count - index - 1) * sizeof *name);
    names_count--;
}

// ---- the cut ------------------------------------------------------------------------------------

static void put_back(struct inode *inode, const struct change *change, int keep_length) {
    if (change->size && real_pwrite(inode->fd, change->old, change->size, change->offset) != (ssize_t)change->size) give_up("undoing a write");
    if (!keep_length) {
        if (real_ftruncate(inode->fd, change->old_length)) give_up("undoing a length");
        return;
    }
    static const char zeros[4096];
    off_t from = change->offset > change->old_length ? change->offset : change->old_length;
    while (from < change->end) {
        off_t size = change->end - from < 4096 ? change->end - from : 4096;
        if (real_pwrite(inode->fd, zeros, (size_t)size, from) != size) give_up("making a hole");
        from += size;
    }
}

// Keeps the first part of a write.
static void tear(struct inode *inode, struct change *change) {
    off_t kept = change->offset + (off_t)(draw() % (uint64_t)(change->end - change->offset));
    if (change->size && kept < change->offset + (off_t)change->size) {
        size_t skip = (size_t)(kept - change->offset);
        if (real_pwrite(inode->fd, change->old + skip, change->size - skip, kept) < 0) give_up("tearing a write");
    }
    off_t length = kept > change->old_length ? kept : change->old_length;
    if (change->end > change->old_length && real_ftruncate(inode->fd, length)) give_up("tearing a length");
}

// For the process's log: what a cut meets.
static void tell(const struct inode *inode, const struct change *change) {
    char link[64], path[PATH_MAX] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", inode->fd);
    if (readlink(link, path, sizeof path - 1) < 0) return;
    dprintf(2, "powercut: not synced: %s at %lld..%lld%s\n", path, (long long)change->offset, (long long)change->end,
            change->doomed ? ", doomed" : "");
}

static void lose_data(struct inode *inode) {
    for (size_t i = 0; i < inode->count; i++) tell(inode, &inode->changes[i]);
    uint64_t mode = control->cut_mode;
    size_t kept = mode == CUT_TORN ? draw() % (inode->count + 1) : 0;
    for (size_t i = 0; i < kept; i++)
        if (inode->changes[i].doomed) kept = i;
    for (size_t i = inode->count; i-- > kept;) {
        struct change *change = &inode->changes[i];
        if (mode == CUT_HOLES && change->end && !change->doomed && draw() % 2) {
            control->kept++;
            continue;
        }
        if (mode == CUT_TORN && i == kept && change->end && !change->doomed) tear(inode, change);
        // The length of a doomed write may have reached the disk where its bytes did not, and what was
        // written and synced behind it must stay.
        else put_back(inode, change, change->end && (mode == CUT_HOLES || change->doomed));
        control->undone++;
    }
    control->kept += kept;
}

static void lose_names(void) {
    size_t kept = control->cut_mode == CUT_CLEAN ? 0 : draw() % (names_count + 1);
    control->kept += kept;
    while (names_count > kept) {
        struct name *name = &names[--names_count];
        control->undone++;
        dprintf(2, "powercut: not synced: %s\n", name->path);
        switch (name->kind) {
        // What has gone on to another name, or holds something durable, stays.
        case CREATED: real_unlink(name->path); break;
        case MADE_FOLDER: real_rmdir(name->path); break;
        case REMOVED: if (real_link(name->saved, name->path)) give_up("undoing a removal"); break;
        case REMOVED_FOLDER: real_mkdir(name->path, 0777); break;
        case RENAMED:
            real_rename(name->to, name->path);
            if (name->saved && real_link(name->saved, name->to)) give_up("undoing a replacement");
            break;
        }
    }
}

static void cut(void) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct inode *inode = inodes[i]; inode; inode = inode->next)
            if (inode->count) lose_data(inode);
    lose_names();
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// Counts an operation on the folder, and cuts the power if it is time. The lock is held.
static void count_operation(void) {
    control->operations++;
    if (control->cut_after && --control->cut_after == 0) cut();
}

// ---- writes -------------------------------------------------------------------------------------

// How many bytes of [from, to) the disk has to find room for: those in holes and behind the end. A
// file that was only made longer has no room yet.
static off_t unallocated(int fd, off_t from, off_t to) {
    off_t total = 0;
    while (from < to) {
        off_t data = lseek(fd, from, SEEK_DATA);
        if (data < 0 || data >= to) return total + (to - from);
        total += data - from;
        from = lseek(fd, data, SEEK_HOLE);
        if (from < 0) return total;
    }
    return total;
}

// Answers an error, or makes the write shorter.
static int refuse_write(struct inode *inode, int fd, off_t from, size_t *size) {
    if (control->fail_writes) {
        control->fail_writes--;
        control->failed++;
        return EIO;
    }
    if (!control->limited) return 0;
    off_t grows = unallocated(own_fd(inode, fd), from, from + (off_t)*size);
    if (grows == 0) return 0;
    if (control->room == 0) {
        control->failed++;
        return ENOSPC;
    }
    // A write for which there is not room enough is cut short, as the kernel does it.
    if ((uint64_t)grows > control->room) {
        *size -= (size_t)((uint64_t)grows - control->room);
        grows = (off_t)control->room;
        control->failed++;
    }
    control->room -= (uint64_t)grows;
    return 0;
}

// `offset` -1: at the file's position.
static ssize_t write_to(int fd, const char *bytes, size_t size, off_t offset) {
    struct stat status;
    pthread_mutex_lock(&lock);
    struct inode *inode = watched(fd, &status);
    ssize_t written;
    if (!inode || size == 0) {
        pthread_mutex_unlock(&lock);
        return offset < 0 ? real_write(fd, bytes, size) : real_pwrite(fd, bytes, size, offset);
    }
    count_operation();
    off_t from = offset;
    if (offset < 0) from = fcntl(fd, F_GETFL) & O_APPEND ? status.st_size : lseek(fd, 0, SEEK_CUR);
    int refused = refuse_write(inode, fd, from, &size);
    if (refused) {
        pthread_mutex_unlock(&lock);
        errno = refused;
        return -1;
    }
    struct change *change = remember(inode, fd, &status, from, from + (off_t)size, 1);
    written = offset < 0 ? real_write(fd, bytes, size) : real_pwrite(fd, bytes, size, offset);
    if (written > 0) change->end = from + written;
    pthread_mutex_unlock(&lock);
    return written;
}

static ssize_t write_vector(int fd, const struct iovec *parts, int count, off_t offset) {
    struct stat status;
    pthread_mutex_lock(&lock);
    int ours = watched(fd, &status) != NULL;
    pthread_mutex_unlock(&lock);
    if (!ours) return offset < 0 ? real_writev(fd, parts, count) : real_pwritev(fd, parts, count, offset);
    // One part at a time: callers must cope with short writes anyway.
    for (int i = 0; i < count; i++)
        if (parts[i].iov_len) return write_to(fd, parts[i].iov_base, parts[i].iov_len, offset);
    return 0;
}

ssize_t write(int fd, const void *bytes, size_t size) { begin(); return write_to(fd, bytes, size, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { begin(); return write_to(fd, bytes, size, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) { return pwrite(fd, bytes, size, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) { begin(); return write_vector(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { begin(); return write_vector(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev(fd, parts, count, offset); }

int ftruncate(int fd, off_t length) {
    begin();
    struct stat status;
    pthread_mutex_lock(&lock);
    struct inode *inode = watched(fd, &status);
    if (inode) {
        count_operation();
        remember(inode, fd, &status, length, status.st_size, 0);
    }
    int result = real_ftruncate(fd, length);
    pthread_mutex_unlock(&lock);
    return result;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

int fallocate(int fd, int mode, off_t offset, off_t length) {
    begin();
    struct stat status;
    pthread_mutex_lock(&lock);
    int ours = watched(fd, &status) != NULL;
    pthread_mutex_unlock(&lock);
    if (!ours) return real_fallocate(fd, mode, offset, length);
    errno = EOPNOTSUPP; // callers must do without it
    return -1;
}
int fallocate64(int fd, int mode, off_t offset, off_t length) { return fallocate(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) { return fallocate(fd, 0, offset, length) ? errno : 0; }
int posix_fallocate64(int fd, off_t offset, off_t length) { return posix_fallocate(fd, offset, length); }

// Copies inside the kernel are refused, so that callers copy with writes that we see.
ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size, unsigned flags) {
    begin();
    if (!control) return real_copy_file_range(from, from_offset, to, to_offset, size, flags);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    begin();
    if (!control) return real_sendfile(to, from, offset, size);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int to, int from, off_t *offset, size_t size) { return sendfile(to, from, offset, size); }

// ---- syncs --------------------------------------------------------------------------------------

static void make_durable(const struct stat *status, uint64_t before) {
    struct inode *inode = *slot(status->st_dev, status->st_ino);
    for (size_t i = inode ? inode->count : 0; i-- > 0;)
        if (inode->changes[i].number < before && !inode->changes[i].doomed) forget(inode, i);
    if (inode) close_unchanged(inode);
    for (size_t i = names_count; i-- > 0;) {
        struct name *name = &names[i];
        int by_folder = S_ISDIR(status->st_mode) && (name->folders[0] == status->st_ino || name->folders[1] == status->st_ino);
        int by_itself = (name->kind == CREATED || name->kind == MADE_FOLDER) && name->inode == status->st_ino;
        if (name->number < before && (by_folder || by_itself)) forget_name(i);
    }
}

static int sync_with(int (*sync)(int), int fd) {
    struct stat status;
    if (!control || fstat(fd, &status) || status.st_dev != folder_device) return sync(fd);
    pthread_mutex_lock(&lock);
    struct inode *inode = *slot(status.st_dev, status.st_ino);
    count_operation();
    if (inode && S_ISREG(status.st_mode) && control->fail_syncs) {
        control->fail_syncs--;
        control->failed++;
        // A length is kept by the file system's own journal: the next sync of the file saves it.
        for (size_t i = 0; i < inode->count; i++) inode->changes[i].doomed = inode->changes[i].end != 0;
        pthread_mutex_unlock(&lock);
        errno = EIO;
        return -1;
    }
    uint64_t before = next_number;
    pthread_mutex_unlock(&lock);
    // Outside of the lock: other files are written meanwhile. What is written to this one meanwhile
    // is not taken for synced.
    int result = sync(fd);
    pthread_mutex_lock(&lock);
    if (result == 0) {
        control->syncs++;
        make_durable(&status, before);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { begin(); return sync_with(real_fsync, fd); }
int fdatasync(int fd) { begin(); return sync_with(real_fdatasync, fd); }

// ---- names --------------------------------------------------------------------------------------

static int open_at(const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    if (!watched_path(path, full)) return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat status;
    int existed = lstat(full, &status) == 0;
    if (!existed && (flags & O_CREAT)) count_operation();
    if (existed && (flags & O_TRUNC) && S_ISREG(status.st_mode) && status.st_size > 0) {
        int fd = real_open(full, O_RDWR | O_CLOEXEC);
        if (fd >= 0) {
            remember(watch(&status), fd, &status, 0, status.st_size, 0);
            close(fd);
        }
    }
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_dev == folder_device && S_ISREG(status.st_mode)) {
        watch(&status);
        if (!existed && (flags & O_CREAT)) {
            note_name((struct name){.kind = CREATED, .path = strdup(full), .inode = status.st_ino});
        }
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int open(const char *path, int flags, ...) {
    begin();
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return open_at(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    begin();
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return open_at(path, flags, mode);
}

int rename(const char *from, const char *to) {
    begin();
    char full_from[PATH_MAX], full_to[PATH_MAX];
    if (!watched_path(from, full_from) || !watched_path(to, full_to)) return real_rename(from, to);
    pthread_mutex_lock(&lock);
    count_operation();
    struct stat status;
    char *saved = lstat(full_to, &status) == 0 && S_ISREG(status.st_mode) ? save(full_to) : NULL;
    int result = real_rename(from, to);
    if (result == 0) note_name((struct name){.kind = RENAMED, .path = strdup(full_from), .to = strdup(full_to), .saved = saved});
    else if (saved) { int error = errno; real_unlink(saved); free(saved); errno = error; }
    pthread_mutex_unlock(&lock);
    return result;
}

static int remove_name(const char *full, int is_folder) {
    pthread_mutex_lock(&lock);
    count_operation();
    struct stat status;
    int known = lstat(full, &status) == 0;
    char *saved = known && !is_folder && S_ISREG(status.st_mode) ? save(full) : NULL;
    int result = is_folder ? real_rmdir(full) : real_unlink(full);
    if (result == 0 && (saved || is_folder)) {
        note_name((struct name){.kind = is_folder ? REMOVED_FOLDER : REMOVED, .path = strdup(full), .saved = saved});
    } else if (saved) { int error = errno; real_unlink(saved); free(saved); errno = error; }
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    begin();
    char full[PATH_MAX];
    return watched_path(path, full) ? remove_name(full, 0) : real_unlink(path);
}

int rmdir(const char *path) {
    begin();
    char full[PATH_MAX];
    return watched_path(path, full) ? remove_name(full, 1) : real_rmdir(path);
}

int unlinkat(int at, const char *path, int flags) {
    begin();
    char whole[PATH_MAX], link[64], full[PATH_MAX];
    if (!control) return real_unlinkat(at, path, flags);
    if (at == AT_FDCWD || *path == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        ssize_t length = readlink(link, whole, sizeof whole - 1);
        if (length < 0) return real_unlinkat(at, path, flags);
        snprintf(whole + length, sizeof whole - (size_t)length, "/%s", path);
    }
    return watched_path(whole, full) ? remove_name(full, flags & AT_REMOVEDIR) : real_unlinkat(at, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    begin();
    char full[PATH_MAX];
    if (!watched_path(path, full)) return real_mkdir(path, mode);
    pthread_mutex_lock(&lock);
    count_operation();
    int result = real_mkdir(path, mode);
    if (result == 0) note_name((struct name){.kind = MADE_FOLDER, .path = strdup(full), .inode = inode_of(full)});
    pthread_mutex_unlock(&lock);
    return result;
}
