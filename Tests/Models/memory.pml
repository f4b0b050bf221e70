/* C11 memory for the models: each thread sees the stores to a word in order, but at its own pace.
 *
 * A word keeps the stores that some thread has not yet seen. A load returns any store that is not older than the last
 * store that its thread has seen. A release store carries the stores that its thread has seen; an acquire load adopts
 * them. A sequentially consistent fence exchanges the seen stores with all earlier fences. A sequentially consistent
 * load or store is modelled as acquire or release, a weaker ordering. Not modelled: stores to one word that take effect
 * in a different order than they are executed, and loads that see later stores.
 *
 * The model defines WORDS (the atomic words), PLACES (memory without atomics), THREADS and KEPT: a load returns one of
 * the last KEPT stores.
 */
#define RELAXED 0
#define ACQUIRE 1
#define RELEASE 1

typedef view {
  byte at[WORDS + PLACES]
};
typedef word {
  byte value[KEPT + 1];
  view carried[KEPT + 1];
  byte newest
};

word words[WORDS];
#define NEWEST(w) words[w].value[words[w].newest]
byte accesses[PLACES];
view seen[THREADS];
view fenced;
byte picked;
hidden byte i, j, oldest;

inline join(into, from) {
  for (i : 0 .. WORDS + PLACES - 1) {
    if
    :: into.at[i] < from.at[i] -> into.at[i] = from.at[i]
    :: else
    fi
  }
}

/* Forgets stores that every thread has overtaken, so that equivalent states are equal, and stores that are too old. */
inline forget(w) {
  oldest = words[w].newest;
  for (i : 0 .. THREADS - 1) {
    if
    :: words[w].newest == KEPT && seen[i].at[w] == 0 -> seen[i].at[w] = 1
    :: else
    fi;
    if
    :: seen[i].at[w] < oldest -> oldest = seen[i].at[w]
    :: else
    fi
  }
  if
  :: oldest > 0 ->
    for (i : 0 .. THREADS - 1) { seen[i].at[w] = seen[i].at[w] - oldest }
    fenced.at[w] = (fenced.at[w] > oldest -> fenced.at[w] - oldest : 0);
    for (i : 0 .. WORDS - 1) {
      for (j : 0 .. words[i].newest) {
        words[i].carried[j].at[w] = (words[i].carried[j].at[w] > oldest -> words[i].carried[j].at[w] - oldest : 0)
      }
    }
    for (i : 0 .. words[w].newest - oldest) {
      words[w].value[i] = words[w].value[i + oldest];
      for (j : 0 .. WORDS + PLACES - 1) { words[w].carried[i].at[j] = words[w].carried[i + oldest].at[j] }
    }
    for (i : words[w].newest - oldest + 1 .. words[w].newest) {
      words[w].value[i] = 0;
      for (j : 0 .. WORDS + PLACES - 1) { words[w].carried[i].at[j] = 0 }
    }
    words[w].newest = words[w].newest - oldest
  :: else
  fi
}

inline append(me, w, what, order) {
  words[w].newest++;
  words[w].value[words[w].newest] = what;
  seen[me].at[w] = words[w].newest;
  if
  :: order == RELEASE -> join(words[w].carried[words[w].newest], seen[me])
  :: else -> words[w].carried[words[w].newest].at[w] = words[w].newest
  fi
}

inline store(me, w, what, order) {
  d_step {
    append(me, w, what, order);
    forget(w)
  }
}

inline load(me, w, order, into) {
  atomic {
    picked = seen[me].at[w];
    do
    :: picked < words[w].newest -> picked++
    :: break
    od;
    skip;
    d_step {
      into = words[w].value[picked];
      seen[me].at[w] = picked;
      if
      :: order == ACQUIRE -> join(seen[me], words[w].carried[picked])
      :: else
      fi;
      forget(w);
      picked = 0
    }
  }
}

/* A compare-and-exchange reads the newest store. Its own store also carries the stores that this store carries. */
inline exchange(me, w, expected, desired, order, exchanged) {
  d_step {
    exchanged = (NEWEST(w) == expected);
    if
    :: exchanged ->
      append(me, w, desired, order);
      join(words[w].carried[words[w].newest], words[w].carried[words[w].newest - 1]);
      if
      :: order == ACQUIRE -> join(seen[me], words[w].carried[words[w].newest])
      :: else
      fi;
      forget(w)
    :: else
    fi
  }
}

inline fence(me) {
  d_step {
    join(seen[me], fenced);
    join(fenced, seen[me])
  }
}

/* Reads or writes nonatomic memory: every earlier access must happen before this one, or there is a data race. */
inline access(me, place) {
  d_step {
    assert(seen[me].at[WORDS + place] == accesses[place]);
    accesses[place]++;
    seen[me].at[WORDS + place] = accesses[place]
  }
}
