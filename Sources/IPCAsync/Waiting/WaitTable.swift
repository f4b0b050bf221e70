internal import IPC

/// An event loop's waits, indexed by descriptor and by deadline.
///
/// The table allocates memory only when it contains more waits, or higher descriptor numbers, than ever before.
struct WaitTable {
  /// The receiver of a wait's outcome.
  @safe enum Target {
    case task(UnsafeContinuation<WaitOutcome, Never>)
    /// A call in another thread, which the event loop ends at a deadline.
    case call(BlockingCall)
  }

  /// A wait that has ended.
  struct Finished {
    let target: Target
    let outcome: WaitOutcome
  }

  private struct Wait {
    let number: UInt64
    let target: Target
    let descriptor: Int32
    let events: Readiness
    /// The deadline as a `CLOCK_MONOTONIC` time in nanoseconds; `.max` if there is none.
    let deadline: Int64
    /// The next wait for the same descriptor.
    var next: Int?
    /// The index in the heap; nil if there is no deadline.
    var place: Int?
  }

  /// The waits for a descriptor.
  private struct Watch {
    var first: Int?
    /// The one-shot events for which the descriptor is armed; nil if it is not armed.
    ///
    /// The value is nil if there are no waits, because the descriptor number may refer to another file when the next
    /// wait starts.
    var armed: Readiness?
    /// Whether the descriptor was registered with epoll when it was last armed.
    var isKnown = false
  }

  /// As in `poll(2)`, an error or a hang-up ends every wait.
  private static let alwaysReported: Readiness = [.error, .hangUp]

  private var waits: [Wait?] = []
  private var free: [Int] = []
  /// Index 0 is for waits that have only a deadline.
  private var watches: [Watch] = []
  /// The waits with a deadline, as a binary heap with the earliest one first.
  private var heap: [Int] = []

  /// The number of waits.
  var count: Int { waits.count - free.count }

  /// The earliest deadline; `.max` if there is none.
  var earliestDeadline: Int64 { heap.first.map { deadline($0) } ?? .max }

  mutating func insert(
    _ number: UInt64, _ target: Target, for events: Readiness, of descriptor: Int32, until deadline: Int64
  ) {
    let index = Int(descriptor) + 1
    while watches.count <= index { watches.append(Watch()) }
    let wait = Wait(
      number: number, target: target, descriptor: descriptor, events: events, deadline: deadline,
      next: watches[index].first, place: nil)
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      waits[slot] = wait
    } else {
      slot = waits.count
      waits.append(wait)
    }
    watches[index].first = slot
    if deadline != .max {
      heap.append(slot)
      waits[slot]?.place = heap.count - 1
      rise(heap.count - 1)
    }
  }

  /// Removes a wait, and returns its receiver; nil if the wait has ended.
  mutating func remove(_ number: UInt64, of descriptor: Int32) -> Target? {
    removeFirst(of: descriptor) { $0.number == number }
  }

  /// Removes a descriptor's waits ended by these events.
  ///
  /// - Returns: Whether other waits for the descriptor remain, so that it must be re-armed.
  mutating func removeReady(_ descriptor: Int32, _ readiness: Readiness, into finished: inout [Finished]) -> Bool {
    guard watches.indices.contains(Int(descriptor) + 1) else { return false }
    watches[Int(descriptor) + 1].armed = nil
    while let target = removeFirst(
      of: descriptor, { !$0.events.union(Self.alwaysReported).isDisjoint(with: readiness) })
    {
      finished.append(Finished(target: target, outcome: .ready(readiness)))
    }
    return watches[Int(descriptor) + 1].first != nil
  }

  /// Removes all waits for a descriptor.
  mutating func removeAll(of descriptor: Int32, _ outcome: WaitOutcome, into finished: inout [Finished]) {
    while let target = removeFirst(of: descriptor, { _ in true }) {
      finished.append(Finished(target: target, outcome: outcome))
    }
  }

  /// Removes the waits whose deadline has passed.
  mutating func removeExpired(_ now: Int64, into finished: inout [Finished]) {
    while let slot = heap.first, deadline(slot) <= now, let wait = waits[slot] {
      if let target = remove(wait.number, of: wait.descriptor) {
        finished.append(Finished(target: target, outcome: .timedOut))
      }
    }
  }

  private mutating func removeFirst(of descriptor: Int32, _ condition: (Wait) -> Bool) -> Target? {
    let index = Int(descriptor) + 1
    guard watches.indices.contains(index) else { return nil }
    var previous: Int?
    var current = watches[index].first
    while let slot = current, let wait = waits[slot] {
      if condition(wait) {
        if let previous { waits[previous]?.next = wait.next } else { watches[index].first = wait.next }
        if watches[index].first == nil { watches[index].armed = nil }
        if let place = wait.place { removeFromHeap(place) }
        waits[slot] = nil
        free.append(slot)
        return wait.target
      }
      (previous, current) = (slot, wait.next)
    }
    return nil
  }
}

extension WaitTable {
  /// Returns the events to request for a descriptor; nil if they have already been requested or there are no waits.
  func missingEvents(of descriptor: Int32) -> Readiness? {
    let watch = watches[Int(descriptor) + 1]
    guard watch.first != nil else { return nil }
    var events: Readiness = []
    var current = watch.first
    while let slot = current, let wait = waits[slot] {
      events.formUnion(wait.events)
      current = wait.next
    }
    if let armed = watch.armed, armed.isSuperset(of: events) { return nil }
    return events
  }

  /// Whether the descriptor is probably registered with epoll.
  func isKnown(_ descriptor: Int32) -> Bool { watches[Int(descriptor) + 1].isKnown }

  /// Records that the kernel will report these events once.
  mutating func arm(_ descriptor: Int32, _ events: Readiness) {
    watches[Int(descriptor) + 1].armed = events
    watches[Int(descriptor) + 1].isKnown = true
  }
}

extension WaitTable {
  private func deadline(_ slot: Int) -> Int64 { waits[slot]?.deadline ?? .max }

  private mutating func exchange(_ first: Int, _ second: Int) {
    heap.swapAt(first, second)
    waits[heap[first]]?.place = first
    waits[heap[second]]?.place = second
  }

  private mutating func rise(_ start: Int) {
    var place = start
    while place > 0, deadline(heap[place]) < deadline(heap[(place - 1) / 2]) {
      exchange(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func sink(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in (2 * place + 1)...(2 * place + 2) where child < heap.count {
        if deadline(heap[child]) < deadline(heap[least]) { least = child }
      }
      if least == place { return }
      exchange(place, least)
      place = least
    }
  }

  private mutating func removeFromHeap(_ place: Int) {
    let last = heap.count - 1
    if place != last { exchange(place, last) }
    heap.removeLast()
    if place != last {
      sink(place)
      rise(place)
    }
  }
}
