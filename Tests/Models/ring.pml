/* A ring: c-peers/include/ipc_ring.h, Sources/IPC/SharedMemory/RingEnd.swift.
 *
 * A producer sends MESSAGES records through a ring that holds two records, and a consumer receives them. Each may close
 * its end early. One signal interrupts a sleep. With KILLS, one process is killed between any two steps, and a
 * successor may open its end; in this case, the memory is sequentially consistent, to keep the state space small.
 *
 * A sleep ends after a slice only if the other process was killed, possibly before it woke the sleeper. Therefore a
 * lost wake-up is a deadlock in the model, although in the code it only costs the slice.
 *
 * @run
 * @run KILLS
 * @defect NO_WAKE
 * @defect NO_FENCE_BEFORE_WAKING
 * @defect NO_FENCE_BEFORE_SLEEPING
 * @defect SLEEP_WITHOUT_LOOKING
 * @defect POSITION_STORED_RELAXED
 * @defect POSITION_LOADED_RELAXED
 * @defect OWNER_CLOSED_RELAXED
 * @defect OWNER_LOADED_RELAXED
 * @defect OWNER_LOADED_AFTER_POSITION
 * @defect PUBLISHED_BEFORE_WRITTEN
 * @defect FREED_BEFORE_READ
 * @defect OWNER_NEVER_CHECKED KILLS
 * @defect OWNER_LOADED_AFTER_POSITION KILLS
 * @defect SUCCESSOR_STARTS_ANEW KILLS
 */
#ifndef MESSAGES
#define MESSAGES 3
#endif
#define CAPACITY 2

/* The words of one end of the ring; `PRODUCER` and `CONSUMER` are also thread numbers. */
#define PRODUCER 0
#define CONSUMER 1
#define POSITION(side) (side)
#define OWNER(side) (2 + (side))
#define SLEEPS(side) (4 + (side))
#define WORDS 6
#define PLACES CAPACITY
#define THREADS 2
#ifdef KILLS
#define KEPT 1
#else
#define KEPT 2
#endif
#include "memory.pml"

#define CLOSED 9
#define PROCESS(side, generation) (1 + 2 * (side) + (generation))

/* Defects, each of which spin must find. */
#ifdef POSITION_STORED_RELAXED
#define POSITION_STORE RELAXED
#else
#define POSITION_STORE RELEASE
#endif
#ifdef POSITION_LOADED_RELAXED
#define POSITION_LOAD RELAXED
#else
#define POSITION_LOAD ACQUIRE
#endif
#ifdef OWNER_LOADED_RELAXED
#define OWNER_LOAD RELAXED
#else
#define OWNER_LOAD ACQUIRE
#endif
#ifdef OWNER_CLOSED_RELAXED
#define OWNER_CLOSE RELAXED
#else
#define OWNER_CLOSE RELEASE
#endif

mtype = { READY, AGAIN, SLEEP, GONE, DEAD };

bool killed[THREADS], dead[6], asleep[THREADS];
bool hasInterrupted, hasNoSuccessor;
/* The two halves of the record in each slot: a process may die between them. */
byte first[CAPACITY], second[CAPACITY];

#define sliceEnds(side) (dead[PROCESS(1 - side, 0)] && slices < 2)

inline available(side) {
  atomic {
    /* @c ipc_ring__available atomic_load_explicit(&ring->other->position, memory_order_acquire) */
    /* @swift RingEnd.available other.position.pointee.load(ordering: .acquiring) */
    load(side, POSITION(1 - side), POSITION_LOAD, other);
    room = (side == PRODUCER -> CAPACITY - (position - other) : other - position);
    other = 0
  }
}

inline wake(side) {
#ifndef NO_FENCE_BEFORE_WAKING
  /* @c ipc_ring__wake atomic_thread_fence(memory_order_seq_cst) */
  /* @swift RingEnd.wakeOther atomicMemoryFence(ordering: .sequentiallyConsistent) */
  fence(side);
#endif
#ifndef NO_WAKE
  atomic {
    /* @c ipc_ring__wake atomic_load_explicit(&ring->other->sleeps, memory_order_relaxed) */
    /* @swift RingEnd.wakeOther other.sleeps.pointee.load(ordering: .relaxed) */
    load(side, SLEEPS(1 - side), RELAXED, value);
    isSleeping = value;
    value = 0
  }
  if
  :: atomic {
      isSleeping ->
      isSleeping = false;
      /* @c ipc_ring__wake atomic_store_explicit(&ring->other->sleeps, 0, memory_order_relaxed) */
      /* @swift RingEnd.wakeOther other.sleeps.pointee.store(0, ordering: .relaxed) */
      store(side, SLEEPS(1 - side), 0, RELAXED)
    }
    /* @c ipc_ring__wake FUTEX_WAKE */
    /* @swift RingEnd.wakeOther Futex.wake(other.sleeps, 1) */
    asleep[1 - side] = false
  :: else
  fi
#else
  skip
#endif
}

/* Waits until `room` is not 0, or sets `outcome`. */
inline await(side) {
  do
  :: atomic {
      /* @c ipc_ring__await ipc_ring__poll(ring, needed, end) */
      /* @swift RingEnd.waitSlowly try spin(for: needed, timeout) */
      available(side);
      if
      :: room > 0 -> checks = false; outcome = READY; break
      :: else
      fi
    }
    /* @c ipc_ring__await atomic_store(&ring->own->sleeps, 1) */
    /* @swift RingEnd.waitSlowly word.pointee.store(1, ordering: .sequentiallyConsistent) */
    /* At the end of this round: */
    /* @swift RingEnd.waitSlowly defer { unsafe word.pointee.store(0, ordering: .relaxed) } */
    store(side, SLEEPS(side), 1, RELEASE);
#ifndef NO_FENCE_BEFORE_SLEEPING
    /* @c ipc_ring__await atomic_thread_fence(memory_order_seq_cst) */
    /* @swift RingEnd.waitSlowly atomicMemoryFence(ordering: .sequentiallyConsistent) */
    fence(side);
#endif
#ifdef OWNER_LOADED_AFTER_POSITION
    available(side);
#endif
    /* @c ipc_ring__await atomic_load(&ring->other->owner) */
    /* @swift RingEnd.waitSlowly other.owner.pointee.load(ordering: .sequentiallyConsistent) */
    load(side, OWNER(1 - side), OWNER_LOAD, owner);
#ifndef OWNER_NEVER_CHECKED
    /* @c ipc_ring__await checks ? ipc_ring__is_dead(ring, owner) */
    /* @swift RingEnd.waitSlowly try otherOwner.isDead() */
    d_step {
      isDead = checks && owner != CLOSED && dead[owner];
      if
      :: isDead -> join(seen[side], seen[1 - side])
      :: else
      fi
    }
#endif
    atomic {
#if !defined(SLEEP_WITHOUT_LOOKING) && !defined(OWNER_LOADED_AFTER_POSITION)
      /* @c ipc_ring__await available = ipc_ring__available(ring) */
      /* @swift RingEnd.waitSlowly if try available() >= needed */
      available(side);
#endif
      if
      :: room > 0 -> outcome = AGAIN
      :: room == 0 && owner == CLOSED -> outcome = GONE
      :: room == 0 && owner != CLOSED && isDead -> outcome = DEAD
      :: else -> outcome = SLEEP; checks = false
      fi;
      owner = 0;
      isDead = false;
      room = 0
    }
    if
    :: outcome == SLEEP ->
      /* @c ipc_ring__await FUTEX_WAIT, 1, slice */
      /* @swift RingEnd.waitSlowly while: word, is: 1, nanoseconds: */
      asleep[side] = (NEWEST(SLEEPS(side)) == 1);
      if
      :: !asleep[side]
      :: atomic { asleep[side] && sliceEnds(side) -> asleep[side] = false; checks = true; slices++ }
      :: atomic { asleep[side] && !hasInterrupted -> asleep[side] = false; hasInterrupted = true }
      fi
    :: else
    fi;
    /* @c ipc_ring__await atomic_store_explicit(&ring->own->sleeps, 0, memory_order_relaxed) */
    atomic {
      store(side, SLEEPS(side), 0, RELAXED);
      if
      :: outcome == GONE || outcome == DEAD -> break
      :: else
      fi
    }
  od;
  atomic {
    slices = 0;
    room = 0
  }
}

inline advance(side) {
  atomic {
  position++;
  /* @c ipc_ring__advance atomic_store_explicit(&ring->own->position, ring->position, memory_order_release) */
  /* @swift RingEnd.advance own.position.pointee.store(position, ordering: .releasing) */
  store(side, POSITION(side), position, POSITION_STORE)
  }
}

inline open(side) {
  atomic {
    /* @c ipc_ring_open if (owner == IPC_RING_CLOSED) */
    /* @swift RingEnd.claim if before == .closed */
    owner = NEWEST(OWNER(side));
    if
    :: owner == CLOSED -> goto gone
    :: else
    fi;
    /* @c ipc_ring_open atomic_compare_exchange_weak(&ring->own->owner, &owner, ring->owner) */
    /* @swift RingEnd.claim compareExchange( */
    exchange(side, OWNER(side), owner, PROCESS(side, generation), ACQUIRE, done);
    owner = 0;
    done = false
  }
  /* @c ipc_ring_open atomic_store(&ring->own->sleeps, 0) */
  /* @swift RingEnd.init own.sleeps.pointee.store(0, ordering: .sequentiallyConsistent) */
  store(side, SLEEPS(side), 0, RELEASE);
  /* @c ipc_ring_open ring->position = atomic_load(&ring->own->position) */
  /* @swift RingEnd.init own.position.pointee.load(ordering: .sequentiallyConsistent) */
#ifndef SUCCESSOR_STARTS_ANEW
  load(side, POSITION(side), ACQUIRE, position)
#endif
}

inline close(side) {
  /* @c ipc_ring_close atomic_compare_exchange_strong(&ring->own->owner, &owner, IPC_RING_CLOSED) */
  /* @swift RingEnd.deinit desired: RingOwner.closed.word */
  exchange(side, OWNER(side), PROCESS(side, generation), CLOSED, OWNER_CLOSE, done);
  done = false;
  /* @c ipc_ring_close ipc_ring__wake(ring) */
  /* @swift RingEnd.deinit wakeOther() */
  wake(side)
}

#define LOCALS \
  byte position, other, room, owner, value, slices; \
  bool checks, isDead, isSleeping, done; \
  mtype outcome

inline put() {
  /* @c ipc_ring_send ipc_ring__put(ring, ring->position + IPC_RING_FRAME, record, length) */
  /* @swift Ring+Records.send end.put(record, at: */
  access(PRODUCER, position % CAPACITY);
  first[position % CAPACITY] = position + 1;
  second[position % CAPACITY] = position + 1
}

inline take() {
  /* @c ipc_ring_receive ipc_ring__take(ring, ring->position + IPC_RING_FRAME, record, length) */
  /* @swift Ring+Records.receive end.take(length, at: */
  access(CONSUMER, position % CAPACITY);
  assert(first[position % CAPACITY] == position + 1 && second[position % CAPACITY] == position + 1)
}

/* A caller handles EOWNERDEAD by retrying when there is a successor. */
inline wait_for_successor(side) {
  if
  :: NEWEST(OWNER(1 - side)) != PROCESS(1 - side, 0)
  :: hasNoSuccessor -> break
  fi
}

inline die(side) {
  atomic {
    killed[side] ->
    killed[side] = false;
    asleep[side] = false;
    dead[PROCESS(side, generation)] = true;
    if
    :: side == PRODUCER -> run producer(true)
    :: side == CONSUMER -> run consumer(true)
    :: NEWEST(OWNER(side)) -> hasNoSuccessor = true
    fi
  }
}

proctype producer(bool generation) {
  LOCALS;
  {
    open(PRODUCER);
    do
    :: position < MESSAGES ->
      await(PRODUCER);
      if
      :: outcome == READY ->
#ifdef PUBLISHED_BEFORE_WRITTEN
        advance(PRODUCER);
        wake(PRODUCER);
        position--;
        put();
        position++
#else
        put();
        /* @c ipc_ring_send ipc_ring__advance(ring, ipc_ring__frame(length)) */
        /* @swift Ring+Records.send end.advance(size) */
        advance(PRODUCER);
        /* @c ipc_ring__advance ipc_ring__wake(ring) */
        /* @swift RingEnd.advance wakeOther() */
        wake(PRODUCER)
#endif
      :: outcome == GONE -> break
      :: outcome == DEAD -> wait_for_successor(PRODUCER)
      fi
    :: break
    od;
    close(PRODUCER);
    gone: skip
  } unless {
    die(PRODUCER)
  }
}

proctype consumer(bool generation) {
  LOCALS;
  {
    open(CONSUMER);
    do
    :: await(CONSUMER);
      if
      :: outcome == READY ->
#ifdef FREED_BEFORE_READ
        advance(CONSUMER);
        wake(CONSUMER);
        position--;
        take();
        position++
#else
        take();
        /* @c ipc_ring_receive ipc_ring__advance(ring, ipc_ring__frame(length)) */
        /* @swift Ring+Records.receive end.advance(Frame.size(of: length)) */
        advance(CONSUMER);
        wake(CONSUMER)
#endif
      :: outcome == GONE ->
        /* The producer has closed its end: every record has been received. */
        assert(position == NEWEST(POSITION(PRODUCER)));
        break
      :: outcome == DEAD ->
        /* The producer has died: every record that it sent has been received. */
        assert(position == NEWEST(POSITION(PRODUCER)) || NEWEST(OWNER(PRODUCER)) != PROCESS(PRODUCER, 0));
        wait_for_successor(CONSUMER)
      fi
    :: break
    od;
    close(CONSUMER);
    gone: skip
  } unless {
    die(CONSUMER)
  }
}

init {
  atomic {
    run producer(false);
    run consumer(false)
  }
#ifdef KILLS
  if
  :: killed[PRODUCER] = true
  :: killed[CONSUMER] = true
  fi
#endif
}
