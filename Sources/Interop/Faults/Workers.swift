import Foundation
import Synchronization

/// Threads that take pieces of work in their order. A cell waits in `poll(2)`, which must not be done on Swift's pool.
enum Workers {
  static func run<Work: Sendable>(
    _ count: Int, _ work: [Work], _ body: @escaping @Sendable (Work) -> Void, everySecond tick: () -> Void
  ) {
    let queue = Queue(work)
    let threads = DispatchGroup()
    for _ in 0..<min(count, max(work.count, 1)) {
      threads.enter()
      let thread = Thread {
        while let piece = queue.next() { body(piece) }
        threads.leave()
      }
      thread.stackSize = 1 << 20
      thread.start()
    }
    while threads.wait(timeout: .now() + 1) == .timedOut { tick() }
  }

  private final class Queue<Work: Sendable>: Sendable {
    private let rest: Mutex<ArraySlice<Work>>
    init(_ work: [Work]) { rest = Mutex(work[...]) }
    func next() -> Work? { rest.withLock { $0.popFirst() } }
  }
}
