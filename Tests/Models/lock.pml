/* The robust lock of a queue: ipc_queue__lock and ipc_queue__unlock in c-peers/include/ipc_queue.h,
 * Sources/IPC/Synchronization/RobustLock.swift.
 *
 * Three threads lock, write the protected data, and unlock. The last thread may give up after a deadline. With KILLS,
 * one thread is killed between any two steps, and the kernel then handles the lock as in handle_futex_death in
 * kernel/futex/core.c.
 *
 * A sleep ends after a slice only after a death, once for each lock. Therefore a lost wake-up is a deadlock in the
 * model, although in the code it only costs the slice.
 *
 * @run
 * @run KILLS
 * @defect NO_WAKE
 * @defect WAITERS_FORGOTTEN
 * @defect SLEEPS_UNANNOUNCED
 * @defect RELEASED_IN_TWO_STEPS
 * @defect ACQUIRED_RELAXED
 * @defect RELEASED_RELAXED
 * @defect GIVES_UP_WITH_LOCK
 * @defect PENDING_NEVER_SET KILLS
 * @defect PENDING_SET_LATE KILLS
 * @defect PENDING_CLEARED_EARLY KILLS
 * @defect NO_SLICE KILLS
 * @defect OWNER_DIED_IGNORED KILLS
 */
#define THREADS 3
#ifdef KILLS
#define ROUNDS 1
#else
#define ROUNDS 2
#endif

/* The lock word: the owner's thread ID, and two bits. */
#define OWNER 3
#define WAITERS 4
#define DIED 8

byte lock;
bool pending[THREADS], asleep[THREADS], killed[THREADS];
bool isInside, hasDied, hasGivenUp, deaths;

/* The data that the lock protects: the number of writes, and how many of the writes each thread has seen and the word
 * carries. */
byte writes, known[THREADS], carried;

#define ME (me + 1)

inline take_over() {
#ifndef ACQUIRED_RELAXED
  known[me] = (carried > known[me] -> carried : known[me])
#else
  skip
#endif
}

inline hand_over() {
#ifndef RELEASED_RELAXED
  carried = (known[me] > carried -> known[me] : carried)
#else
  skip
#endif
}

/* FUTEX_WAKE for one sleeper, which can be any of them. */
inline wake_one() {
  if
  :: asleep[0] -> asleep[0] = false
  :: asleep[1] -> asleep[1] = false
  :: asleep[2] -> asleep[2] = false
  :: !asleep[0] && !asleep[1] && !asleep[2]
  fi
}

inline acquire() {
  slept = 0;
#if !defined(PENDING_NEVER_SET) && !defined(PENDING_SET_LATE)
  /* @c ipc_queue__lock ipc_queue__set_pending((char *)lock - ipc_queue__self.robust->futex_offset) */
  /* @swift RobustLock.acquire cipc_robust_begin(word) */
  pending[me] = true;
#endif
  /* @c ipc_queue__lock atomic_compare_exchange_strong(lock, &seen, ipc_queue__self.number) */
  /* @swift RobustLock.acquire exchange(0, mine) */
  atomic {
    seen = lock;
    if
    :: seen == 0 -> lock = ME; take_over(); goto acquired
    :: else
    fi
  }
  do
  :: (seen & OWNER) == 0 ->
    atomic {
      /* @c ipc_queue__lock atomic_compare_exchange_strong(lock, &seen, mine) */
      /* @swift RobustLock.wait exchange(seen, mine | slept | seen & Self.waiters) */
      if
      :: lock == seen ->
#ifdef WAITERS_FORGOTTEN
        lock = ME;
#else
        lock = ME | slept | (seen & WAITERS);
#endif
        take_over();
        /* @c ipc_queue__lock if (seen & FUTEX_OWNER_DIED) */
        /* @swift RobustLock.wait seen & Self.died == 0 ? .acquired : .ownerDied */
        break
      :: else -> seen = lock
      fi
    }
  :: else ->
    /* @c ipc_queue__lock atomic_compare_exchange_strong(lock, &seen, seen | FUTEX_WAITERS) */
    /* @swift RobustLock.wait exchange(seen, seen | Self.waiters).0 */
#ifndef SLEEPS_UNANNOUNCED
    atomic {
      if
      :: seen & WAITERS
      :: !(seen & WAITERS) && lock == seen -> lock = seen | WAITERS; seen = lock
      :: !(seen & WAITERS) && lock != seen -> seen = lock; goto again
      fi
    }
#endif
    slept = WAITERS;
    /* @c ipc_queue__lock ipc_queue__wait(lock, seen | FUTEX_WAITERS, &check) */
    /* @swift RobustLock.wait while: word, is: seen | Self.waiters */
    asleep[me] = (lock == seen);
    if
    :: !asleep[me]
#ifndef NO_SLICE
    :: atomic { asleep[me] && deaths && !hasSliced -> asleep[me] = false; hasSliced = true }
#endif
    :: atomic { me == 2 && asleep[me] && !hasGivenUp -> asleep[me] = false; hasGivenUp = true; isLate = true }
    fi;
    /* @c ipc_queue__lock atomic_load(lock) & FUTEX_TID_MASK */
    /* @swift RobustLock.wait value & Self.number != 0 */
    atomic {
      seen = lock;
      if
      :: isLate && seen & OWNER -> goto gave_up
      :: else -> isLate = false
      fi
    }
    again: skip
  od;
  acquired: skip;
#ifdef PENDING_SET_LATE
  pending[me] = true;
#endif
  atomic {
#ifndef OWNER_DIED_IGNORED
    if
    :: seen & DIED -> assert(hasDied); hasDied = false
    :: else
    fi;
#endif
    /* The new owner learns of a death, and sees all earlier writes. */
    assert(!hasDied && !isInside);
    isInside = true
  }
}

inline release() {
  atomic { isInside = false; seen = 0 }
#ifdef PENDING_CLEARED_EARLY
  pending[me] = false;
#endif
#ifdef RELEASED_IN_TWO_STEPS
  seen = lock;
  atomic { hand_over(); lock = 0 }
#else
  /* @c ipc_queue__unlock atomic_exchange(&queue->header->lock, 0) */
  /* @swift RobustLock.release word.pointee.exchange(0, ordering: .acquiringAndReleasing) */
  atomic { hand_over(); seen = lock; lock = 0 }
#endif
#ifndef NO_WAKE
  /* @c ipc_queue__unlock ipc_queue__wake(&queue->header->lock, 1) */
  /* @swift RobustLock.release Futex.wake(word, 1) */
  atomic {
    if
    :: seen & WAITERS -> wake_one()
    :: else
    fi
  }
#endif
  /* @c ipc_queue__unlock ipc_queue__set_pending(NULL) */
  /* @swift RobustLock.release cipc_robust_end() */
  pending[me] = false
}

/* The kernel marks the lock of a dead thread. */
inline handle_death() {
  if
  :: pending[me] && (lock & OWNER) == 0 -> wake_one()
  :: pending[me] && (lock & OWNER) == ME ->
    hasDied = true;
    isInside = false;
    carried = (known[me] > carried -> known[me] : carried);
    if
    :: lock & WAITERS -> lock = WAITERS | DIED; wake_one()
    :: else -> lock = DIED
    fi
  :: else
  fi
}

proctype thread(byte me) {
  byte seen, slept, round;
  bool hasSliced, isLate;
  {
    do
    :: round < ROUNDS ->
      acquire();
      atomic { assert(known[me] == writes); writes++; known[me] = writes }
      release();
      atomic { round++; hasSliced = false; seen = 0 }
    :: else -> break
    od;
    goto done;
    gave_up: pending[me] = false;
#ifdef GIVES_UP_WITH_LOCK
    lock = 0;
#endif
    done: skip
  } unless {
    atomic { killed[me] -> killed[me] = false; asleep[me] = false; deaths = true; handle_death() }
  }
}

init {
  atomic {
    run thread(0);
    run thread(1);
    run thread(2)
  }
#ifdef KILLS
  if
  :: killed[0] = true
  :: killed[1] = true
  fi
#endif
}
