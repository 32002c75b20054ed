/* SPDX-License-Identifier: MIT */
/* The table of causes, in order of precedence. */
#include "base/attr.h"
#include "verdict/cause.h"
#include "verdict/verdict.h"

const struct lp_cause_row lp_cause_rows[] = {
    [LP_CAUSE_DIFFERENT_STORE] =
        {"different-store", "workers write to different stores by the same name",
         "The name of the data leads to another object in each place: a container's own /dev/shm, "
         "a "
         "volume that is not shared, a file that was replaced while some still have the old one "
         "open. "
         "Each counts for itself. No lock can help: nobody is in anybody's way.",
         "Make all workers open the same object: share the volume or the IPC namespace, or keep "
         "the "
         "data in a service that all reach."},
    [LP_CAUSE_DIFFERENT_LOCK] =
        {"different-lock", "workers hold different locks by the same name",
         "Both did lock, but not the same thing: another inode under the same path (unlinked and "
         "made "
         "again, or a container's own copy), another kind of lock (flock and fcntl locks do not "
         "see "
         "each other), another lock for the same data. Each excludes its own kind only.",
         "One lock object of one kind for everybody; never remove a lock file, or compare fstat "
         "with "
         "stat after the grant."},
    [LP_CAUSE_DROPPED_LOCK] =
        {"dropped-lock", "the lock was lost without an unlock",
         "The holder did not unlock and yet did not hold the lock any more: fcntl locks go when "
         "any "
         "descriptor of the file is closed by the process, session locks go with the connection, "
         "other handles with close, fork or exec. The next one is then rightly granted it.",
         "Use a lock that belongs to its own handle (OFD locks, flock) and keep that handle open "
         "for "
         "as long as the lock is needed."},
    [LP_CAUSE_FOREIGN_RELEASE] =
        {"foreign-release", "a worker released a lock that another one held",
         "A worker whose own hold had ended, usually because its lease had expired, released the "
         "lock "
         "all the same; by then it was somebody else's. A third worker was let in beside that one.",
         "Release only what is one's own: compare a token and delete in one step of the server."},
    [LP_CAUSE_LEASE_EXPIRED] =
        {"lease-expired", "the work took longer than the lease",
         "The lock ends by itself after its time to live, on the server's clock, and nobody tells "
         "the "
         "holder. It goes on and writes what it computed from a value that has changed meanwhile.",
         "Renew the lease while working, and let the store refuse the writes of older holders "
         "(fencing, or a write that is conditional on the value read)."},
    [LP_CAUSE_UNFENCED_WRITE] =
        {"unfenced-write", "the store accepted a write under an older fencing token",
         "The lock numbers its grants, but the store does not look at the number: the write of a "
         "holder that has been succeeded is accepted after one of its successor.",
         "Have the store keep the highest token that it has seen, at reads too, and refuse lower "
         "ones."},
    [LP_CAUSE_DOUBLE_GRANT] =
        {"double-grant", "one lock was granted to two at once",
         "Two workers held the same lock object at the same time, and neither had released it, "
         "lost it "
         "or outlived its lease. Taking it is not one step (look whether it is free, then take "
         "it), or "
         "its owner is not who one thinks: the process, not the thread; or it admits several, as a "
         "semaphore does.",
         "Take the lock in one atomic step of its backend, with an owner as fine as the workers "
         "are."},
    [LP_CAUSE_ADVISORY_BYPASS] =
        {"advisory-bypass", "a worker went round the lock that others hold",
         "The lock is advisory: it stops those who ask. One worker read and wrote without asking "
         "while "
         "another one held it.",
         "Every path to the data takes the same lock, or all go through one program that does."},
    [LP_CAUSE_NO_LOCK] =
        {"no-lock", "nobody takes a lock",
         "Read, compute, write: another worker reads the same value before it is written, and the "
         "later write undoes the earlier one. That each single step is atomic does not help.",
         "A lock or a transaction around read and write, or one atomic update of the store."},
    [LP_CAUSE_NARROW_SCOPE] =
        {"narrow-scope", "the lock does not cover the update from its read to its write",
         "A lock was taken, but after the read, or given back before the write, or taken twice "
         "with a "
         "gap between, or only in shared mode. In the gap another worker wrote.",
         "Take the lock before the read and keep it until after the write."},
    [LP_CAUSE_STALE_SNAPSHOT] =
        {"stale-snapshot", "a value was written that comes from an earlier snapshot",
         "The value was read in a transaction that was refused or rolled back, or under a shared "
         "lock "
         "that was given up to get an exclusive one, and was then written all the same. Others had "
         "written meanwhile.",
         "After a refusal or an upgrade read again: repeat the whole transaction, not its last "
         "statement."},
    [LP_CAUSE_TORN_READ] =
        {"torn-read", "a read returned half of a write",
         "A write that is not one step was seen in the middle: a file truncated and not yet "
         "written, "
         "digits of the old number behind the new one. The value read was never there.",
         "Write in one step (a temporary file and rename, or a fixed width in place), or lock "
         "readers "
         "out as well."},
    [LP_CAUSE_NON_ATOMIC_UPDATE] =
        {"non-atomic-update", "an update that looks like one step is several",
         "An increment is a read, an addition and a write unless the store makes it one: x++ on "
         "shared "
         "memory, SELECT and UPDATE as two statements, GET and SET. What lies between the steps is "
         "open to others.",
         "Use the store's own atomic update: fetch-and-add, INCR, UPDATE ... SET value = value + "
         "1, a "
         "compare-and-exchange, or a transaction."},
    [LP_CAUSE_LOST_WRITE] =
        {"lost-write", "the server forgot a write that it had acknowledged",
         "A restart or a failover lost what was acknowledged. That is about durability; no lock is "
         "at "
         "fault.",
         "Acknowledge only what is durable: synchronous replication, fsync at commit."},
    [LP_CAUSE_FALSE_SUCCESS] = {"false-success", "success was reported, but nothing was written",
                                "The program told success though its write was refused or never "
                                "sent: an exit status that is "
                                "not checked, an error that is swallowed.",
                                "Check every result, and report success after the commit only."},
    [LP_CAUSE_ORPHANED_LOCK] =
        {"orphaned-lock", "the holder is gone and the lock is still taken",
         "The lock is a name that somebody must remove (a lock file, a folder, a key without time "
         "to "
         "live). Its holder went away without doing so, and nobody can ever take it again.",
         "Use a lock that the kernel or the server releases when its holder dies, or a lease."},
    [LP_CAUSE_DEADLOCK] =
        {"deadlock", "workers wait for each other in a circle",
         "Each holds a lock that the next one needs: two locks taken in different orders, two "
         "shared "
         "locks that both want to become exclusive, or a lock that its own holder asks for again.",
         "Take locks in one order everywhere; take the exclusive lock at once instead of "
         "upgrading."},
    [LP_CAUSE_STARVATION] =
        {"starvation", "a worker waits for a lock that is free",
         "The lock was released and nobody held it, but the waiter was not woken: a wake-up that "
         "goes "
         "to the wrong place, for example a mutex in shared memory that is not process-shared.",
         "Make the lock fit for its use (PTHREAD_PROCESS_SHARED), or have waiters try again now "
         "and "
         "then."},
    [LP_CAUSE_NO_CONTENTION] =
        {"no-contention", "workers did not meet: the run proves nothing",
         "A lock that is never wanted by two at once cannot fail. Too few grants were contested to "
         "say "
         "anything about it.",
         "More workers or rounds, a longer think inside the lock, shorter pauses outside."},
};
const size_t lp_cause_row_count = LP_ARRAY_LEN(lp_cause_rows);
_Static_assert(LP_ARRAY_LEN(lp_cause_rows) == LP_CAUSE_COUNT, "one row a cause");
