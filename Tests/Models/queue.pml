/* A shared queue: c-peers/include/ipc_queue.h, Sources/IPC/SharedMemory/SharedQueue+Locking.swift and +Messages.swift.
 *
 * Two senders and two receivers use a queue with one slot, and another process closes the queue, at any time or after
 * the last message. With SELECT, there are two queues: each has a sender, and one receiver waits for both. With KILLS,
 * one process is killed between any two steps.
 *
 * The lock from lock.pml is a single step here: it excludes others, and its next owner learns if the last owner died.
 * Its acquire and release order everything else, so the memory is sequentially consistent.
 *
 * @run
 * @run SELECT
 * @run KILLS
 * @run SELECT KILLS
 * @defect NO_SIGNAL
 * @defect SIGNAL_IF_EMPTY
 * @defect ANNOUNCED_AFTER_UNLOCK
 * @defect EVENT_NOT_CHANGED
 * @defect CLOSE_UNSIGNALLED
 * @defect WAKES_ONE SELECT
 * @defect SIGNALLED_AFTER_COUNT KILLS
 * @defect COUNTED_BEFORE_WRITTEN KILLS
 * @defect CONSUMED_BEFORE_COPIED KILLS
 * @defect RECOVERY_WITHOUT_SIGNAL KILLS
 * @defect DEATH_UNKNOWN KILLS
 */
#define SLOTS 1
#ifdef SELECT
#define QUEUES 2
#else
#define QUEUES 1
#endif
#if defined(SELECT) || defined(KILLS)
#define MESSAGES 1
#else
#define MESSAGES 2
#endif
#define PROCESSES 5

#define READABLE(queue) (queue)
#define WRITABLE(queue) (QUEUES + (queue))
#define EVENTS (2 * QUEUES)
#define DIED 7

byte lock[QUEUES], event[EVENTS], closed[QUEUES], sent[QUEUES], received[QUEUES];
/* The two halves of the message in the slot: a process may die between them. */
byte first[QUEUES], second[QUEUES];
/* The events that a process sleeps on, one bit each. */
byte sleepsOn[PROCESSES];
byte working = 2;
bool killed[PROCESSES], hasNoSelector, closesEarly;

#define ME (me + 1)

/* FUTEX_WAKE for all sleepers, or for the first sleeper in the kernel's queue, which can be any of them. */
inline wake(which) {
#ifdef WAKES_ONE
  if
  :: sleepsOn[0] & (1 << (which)) -> sleepsOn[0] = 0
  :: sleepsOn[1] & (1 << (which)) -> sleepsOn[1] = 0
  :: sleepsOn[2] & (1 << (which)) -> sleepsOn[2] = 0
  :: sleepsOn[3] & (1 << (which)) -> sleepsOn[3] = 0
  :: else
  fi
#else
  for (process : 0 .. PROCESSES - 1) {
    if
    :: sleepsOn[process] & (1 << (which)) -> sleepsOn[process] = 0
    :: else
    fi
  }
  process = 0
#endif
}

inline signal(which) {
  if
  :: event[which] & 1 ->
#ifndef EVENT_NOT_CHANGED
    /* @c ipc_queue__signal atomic_fetch_add(event, 1) */
    /* @swift RobustLock.signal word.pointee.wrappingAdd(1, ordering: .acquiringAndReleasing) */
    event[which]++;
#endif
    /* @c ipc_queue__signal ipc_queue__wake(event, INT_MAX) */
    /* @swift RobustLock.signal Futex.wake(word, .max) */
    atomic { wake(which) }
  :: else
  fi
}

inline acquire(queue) {
  /* @c ipc_queue_send ipc_queue__lock(queue, deadline) */
  /* @swift SharedQueue+Locking.lock lockWord.acquire(timeout) */
  atomic {
    lock[queue] == 0 || lock[queue] == DIED;
    hasDied = (lock[queue] == DIED);
    lock[queue] = ME
  }
  if
  :: hasDied ->
    hasDied = false;
#ifndef RECOVERY_WITHOUT_SIGNAL
    /* @c ipc_queue__recover atomic_fetch_or(&header->readable, 1) */
    /* @swift SharedQueue+Locking.recover readable.announce() */
    event[READABLE(queue)] = event[READABLE(queue)] | 1;
    /* @c ipc_queue__recover ipc_queue__signal(&header->readable) */
    /* @swift SharedQueue+Locking.recover readable.signal() */
    signal(READABLE(queue));
    /* @c ipc_queue__recover atomic_fetch_or(&header->writable, 1) */
    /* @swift SharedQueue+Locking.recover writable.announce() */
    event[WRITABLE(queue)] = event[WRITABLE(queue)] | 1;
    /* @c ipc_queue__recover ipc_queue__signal(&header->writable) */
    /* @swift SharedQueue+Locking.recover writable.signal() */
    signal(WRITABLE(queue))
#endif
  :: else
  fi
}

inline release(queue) {
  lock[queue] = 0
}

inline announce(which) {
  event[which] = event[which] | 1;
  expected[which] = event[which];
  events = events | (1 << (which))
}

/* Sleeps while every event has its announced value. */
inline sleep() {
  atomic {
    sleepsOn[me] = events;
    for (process : 0 .. EVENTS - 1) {
      if
      :: events & (1 << process) && event[process] != expected[process] -> sleepsOn[me] = 0
      :: else
      fi;
      expected[process] = 0
    }
    process = 0;
    events = 0
  }
  sleepsOn[me] == 0
}

inline write(queue) {
  first[queue] = sent[queue] + 1;
  second[queue] = sent[queue] + 1
}

inline send(queue) {
  do
  :: acquire(queue);
    /* @c ipc_queue_send atomic_load(&queue->header->closed) */
    /* @swift SharedQueue+Messages.lockWithFreeSlot if isClosed */
    if
    :: closed[queue] -> release(queue); goto done
    :: !closed[queue] && sent[queue] - received[queue] == SLOTS ->
#ifdef ANNOUNCED_AFTER_UNLOCK
      release(queue);
      atomic { announce(WRITABLE(queue)) }
#else
      /* @c ipc_queue__sleep atomic_fetch_or(event, 1) | 1 */
      /* @swift SharedQueue+Locking.sleep event.announce() */
      atomic { announce(WRITABLE(queue)) }
      /* @c ipc_queue__sleep ipc_queue__unlock(queue) */
      /* @swift SharedQueue+Locking.sleep unlock() */
      release(queue);
#endif
      /* @c ipc_queue__sleep ipc_queue__wait(event, expected, deadline) */
      /* @swift SharedQueue+Locking.sleep event.wait(announced, timeout, retryOnInterrupt) */
      sleep()
    :: else -> break
    fi
  od;
#ifdef COUNTED_BEFORE_WRITTEN
  signal(READABLE(queue));
  sent[queue]++;
  first[queue] = sent[queue];
  second[queue] = sent[queue];
#else
  /* @c ipc_queue_send ipc_queue__write(queue, message, length) */
  /* @swift SharedQueue+Messages.send queue.place(message) */
  write(queue);
  /* @c ipc_queue_send ipc_queue__publish(queue) */
  /* @swift SharedQueue+Messages.send queue.publish() */
#ifdef SIGNALLED_AFTER_COUNT
  sent[queue]++;
  signal(READABLE(queue));
#else
#ifdef SIGNAL_IF_EMPTY
  if
  :: sent[queue] == 0 -> signal(READABLE(queue))
  :: else
  fi;
#else
#ifndef NO_SIGNAL
  /* @c ipc_queue__publish ipc_queue__signal(&queue->header->readable) */
  /* @swift SharedQueue+Locking.publish readable.signal() */
  signal(READABLE(queue));
#endif
#endif
  /* @c ipc_queue__publish atomic_fetch_add(&queue->header->sent, 1) */
  /* @swift SharedQueue+Locking.publish number(Layout.sent).pointee.wrappingAdd(1 */
  sent[queue]++;
#endif
#endif
  /* @c ipc_queue_send ipc_queue__unlock_quietly(queue) */
  /* @swift SharedQueue+Messages.send queue.unlock() */
  release(queue)
}

inline copy(queue) {
  atomic { assert(first[queue] == second[queue]); copied = first[queue] }
}

/* Removes a message, which must be complete and next in order. */
inline remove(queue) {
  atomic { assert(copied == received[queue] + 1 && received[queue] < sent[queue]); received[queue]++; copied = 0 }
}

/* The caller holds the lock, and there is a message. */
inline take(queue) {
#ifdef CONSUMED_BEFORE_COPIED
  signal(WRITABLE(queue));
  remove(queue);
  copy(queue);
#else
  /* @c ipc_queue__take ipc_queue__read(queue, buffer, room) */
  /* @swift SharedQueue+Messages.receive bytes.append(message) */
  copy(queue);
  /* @c ipc_queue__take ipc_queue__consume(queue) */
  /* @swift SharedQueue+Messages.receive queue.consume() */
  /* @c ipc_queue__consume ipc_queue__signal(&queue->header->writable) */
  /* @swift SharedQueue+Locking.consume writable.signal() */
  signal(WRITABLE(queue));
  /* @c ipc_queue__consume atomic_fetch_add(&queue->header->received, 1) */
  /* @swift SharedQueue+Locking.consume number(Layout.received).pointee.wrappingAdd(1 */
  remove(queue);
#endif
  release(queue)
}

/* Checks a queue once. Keeps the lock if there is no message. */
inline look(queue) {
  acquire(queue);
  if
  :: atomic { sent[queue] != received[queue] -> hasTaken = true }
    take(queue)
  :: else -> hasTaken = false
  fi
}

inline die() {
  atomic {
    killed[me] -> killed[me] = false;
    hasNoSelector = (me == 2);
    working = (me < 2 -> working - 1 : working);
    sleepsOn[me] = 0;
    for (process : 0 .. QUEUES - 1) {
      if
#ifndef DEATH_UNKNOWN
      :: lock[process] == ME -> lock[process] = DIED
#endif
      :: else
      fi
    }
    process = 0
  }
}

#define LOCALS byte process, events, expected[EVENTS], copied; bool hasDied, hasTaken

proctype sender(byte me; byte queue) {
  byte count;
  LOCALS;
  {
    do
    :: count < MESSAGES -> send(queue); count++
    :: else -> break
    od;
    done: working--
  } unless { die() }
}

proctype receiver(byte me) {
  LOCALS;
  {
    do
    :: look(0);
      if
      :: hasTaken
      :: !hasTaken && closed[0] -> release(0); break
      :: else ->
#ifdef ANNOUNCED_AFTER_UNLOCK
        release(0);
        atomic { announce(READABLE(0)) }
#else
        atomic { announce(READABLE(0)) }
        release(0);
#endif
        sleep()
      fi
    od
  } unless { die() }
}

proctype selector(byte me) {
  byte open;
  LOCALS;
  {
    do
    :: open = 0;
      look(0);
      if
      :: !hasTaken ->
        /* @c ipc_queue_select atomic_fetch_or(&queue->header->readable, 1) | 1 */
        /* @swift SharedQueue+Messages.search queue.readable.waiter */
        atomic {
          if
          :: !closed[0] -> announce(READABLE(0)); open++
          :: else
          fi;
          release(0)
        }
        look(1);
        if
        :: !hasTaken ->
          atomic {
            if
            :: !closed[1] -> announce(READABLE(1)); open++
            :: else
            fi;
            release(1)
          }
          /* @c ipc_queue_select syscall(SYS_futex_waitv, sleeps, open, 0 */
          if
          :: open -> sleep()
          :: else -> break
          fi
        :: else
        fi
      :: else
      fi;
      events = 0
    od
  } unless { die() }
}

inline close(queue) {
  acquire(queue);
#ifndef CLOSE_UNSIGNALLED
  /* @c ipc_queue_close ipc_queue__signal(&queue->header->readable) */
  /* @swift SharedQueue.close readable.signal() */
  signal(READABLE(queue));
  /* @c ipc_queue_close ipc_queue__signal(&queue->header->writable) */
  /* @swift SharedQueue.close writable.signal() */
  signal(WRITABLE(queue));
#endif
  /* @c ipc_queue_close atomic_store(&queue->header->closed, 1) */
  /* @swift SharedQueue.close word(Layout.closed) */
  closed[queue] = 1;
  release(queue)
}

/* Closes the queues at any time, or after the last message. If this process is killed, another closes the queues. */
proctype closer(byte me) {
  LOCALS;
  {
#ifdef SELECT
    working == 0 && sent[0] == received[0] && (sent[1] == received[1] || hasNoSelector);
    close(0);
    close(1)
#else
    closesEarly || (working == 0 && sent[0] == received[0]);
    close(0)
#endif
  } unless {
    atomic { die(); run closer(me) }
  }
}

init {
  atomic {
#ifndef SELECT
    if
    :: closesEarly = true
    :: skip
    fi;
#endif
    run sender(0, 0);
#ifdef SELECT
    run sender(1, 1);
    run selector(2);
#else
    run sender(1, 0);
    run receiver(2);
#endif
    run receiver(3);
    run closer(4)
  }
#ifdef KILLS
  if
  :: killed[0] = true
  :: killed[2] = true
  :: killed[4] = true
#ifdef SELECT
  :: killed[1] = true
  :: killed[3] = true
#endif
  fi;
#endif
  _nr_pr == 1 -> assert(sent[0] == received[0]);
#ifdef SELECT
  assert(sent[1] == received[1] || hasNoSelector)
#endif
}
