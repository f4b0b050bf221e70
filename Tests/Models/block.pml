/* A shared block: c-peers/peer/shared_block.c, Sources/IPC/SharedMemory/SharedBlock.swift.
 *
 * A writer publishes ROUNDS times. A reader waits for each round, reads it, and resets the flag, except after the last
 * round. A watcher waits until the flag stays set. With KILLS, the writer is killed between any two steps. Only after
 * a kill do the other processes time out, once all of the writer's stores have arrived.
 *
 * @run
 * @run KILLS
 * @defect FLAG_STORED_RELAXED
 * @defect FLAG_LOADED_RELAXED
 * @defect RESET_RELAXED
 * @defect FLAG_BEFORE_DATA
 * @defect NO_WAKE
 * @defect WAKES_ONE
 * @defect SLEEPS_WHATEVER_THE_FLAG
 * @defect TIMES_OUT_WITHOUT_LOOKING KILLS
 */
#define ROUNDS 3

#define WRITER 0
#define READER 1
#define WATCHER 2
#define FLAG 0
#define DATA 0
#define WORDS 1
#define PLACES 1
#define THREADS 3
#define KEPT 3
#include "memory.pml"

#ifdef FLAG_STORED_RELAXED
#define SET RELAXED
#else
#define SET RELEASE
#endif
#ifdef RESET_RELAXED
#define RESET RELAXED
#else
#define RESET RELEASE
#endif
#ifdef FLAG_LOADED_RELAXED
#define LOOK RELAXED
#else
#define LOOK ACQUIRE
#endif

bool asleep[THREADS], killed, isDead;
byte data;

inline set_ready(me, what, order) {
  /* @c set_ready atomic_store_explicit(&block->ready, flag, memory_order_release) */
  /* @swift SharedBlock.set flag.pointee.store(value, ordering: .releasing) */
  store(me, FLAG, what, order);
#ifndef NO_WAKE
  /* @c set_ready FUTEX_WAKE, INT_MAX */
  /* @swift SharedBlock.set Futex.wake(flag, .max) */
  atomic {
#ifdef WAKES_ONE
    if
    :: asleep[0] -> asleep[0] = false
    :: asleep[1] -> asleep[1] = false
    :: asleep[2] -> asleep[2] = false
    :: else
    fi
#else
    asleep[0] = false;
    asleep[1] = false;
    asleep[2] = false
#endif
  }
#endif
}

/* Waits until the flag is `until`; leaves the enclosing loop after a timeout. */
inline await(me, until) {
  do
  :: atomic {
      /* @c await atomic_load_explicit(&block->ready, memory_order_acquire) */
      /* @swift SharedBlock.wait flag.pointee.load(ordering: .acquiring) */
      load(me, FLAG, LOOK, flag);
      if
      :: flag == until -> break
      :: else
      fi
    }
    /* @c sleep_while errno = ETIMEDOUT */
    /* @swift SharedBlock.wait throw IPCError(.futex, timeout.expirationError */
    if
    :: isLate -> goto timed_out
    :: else
    fi;
    /* @c sleep_while FUTEX_WAIT, value, left */
    /* @swift SharedBlock.wait Futex.wait(while: flag, is: value */
#ifdef SLEEPS_WHATEVER_THE_FLAG
    asleep[me] = true;
#else
    asleep[me] = (NEWEST(FLAG) == flag);
#endif
    if
    :: !asleep[me]
    :: atomic { asleep[me] && isDead -> asleep[me] = false; isLate = true; join(seen[me], seen[WRITER]) }
    fi;
#ifdef TIMES_OUT_WITHOUT_LOOKING
    if
    :: isLate -> goto timed_out
    :: else
    fi
#endif
  od
}

inline write() {
  /* @c perform_block_publish memcpy(published->buffer, bytes.bytes, bytes.length) */
  /* @swift SharedBlock.publish data.copyMemory(from: $0) */
  access(WRITER, DATA);
  data = round + 1
}

proctype writer() {
  byte round, flag;
  bool isLate;
  {
    do
    :: round < ROUNDS ->
      await(WRITER, 0);
#ifdef FLAG_BEFORE_DATA
      set_ready(WRITER, 1, SET);
      write();
#else
      write();
      /* @c perform_block_publish set_ready(published, 1) */
      /* @swift SharedBlock.publish set(1) */
      set_ready(WRITER, 1, SET);
#endif
      round++
    :: else -> break
    od;
    timed_out: skip
  } unless {
    atomic { killed -> killed = false; asleep[WRITER] = false; isDead = true }
  }
}

proctype reader() {
  byte round, flag;
  bool isLate;
  do
  :: await(READER, 1);
    /* @c perform_block_read memcpy(copy, read->buffer, count) */
    /* @swift SharedBlock.read copyMemory(from: */
    access(READER, DATA);
    round++;
    assert(data == round);
    if
    :: round < ROUNDS ->
      /* @c perform_block_reset set_ready(reset, 0) */
      /* @swift SharedBlock.reset set(0) */
      set_ready(READER, 0, RESET)
    :: else -> break
    fi
  od;
  goto done;
  timed_out: assert(NEWEST(FLAG) == 0);
  done: skip
}

proctype watcher() {
  byte flag;
  bool isLate;
  await(WATCHER, 1);
  goto done;
  timed_out: assert(NEWEST(FLAG) == 0);
  done: skip
}

init {
  atomic {
    run writer();
    run reader();
    run watcher()
  }
#ifdef KILLS
  killed = true
#endif
}
