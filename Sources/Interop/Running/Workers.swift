import Foundation
import Synchronization

/// Threads of the harness's own: a cell waits in `poll(2)`, which must not be done on Swift's pool.
enum Workers {
  /// Starts `count` threads that each do `work`. The group is done when all of them are.
  ///
  /// - Parameter giveUp: Told why there are no more threads, where the system has no more to give. Those that have begun
  ///   go on.
  static func start(
    _ count: Int, _ work: @escaping @Sendable () -> Void, orElse giveUp: (SandboxError) -> Void = { _ in }
  ) -> DispatchGroup {
    let group = DispatchGroup()
    for _ in 0..<count {
      group.enter()
      do throws(SandboxError) {
        try Worker.start {
          work()
          group.leave()
        }
      } catch {
        group.leave()
        giveUp(error)
        break
      }
    }
    return group
  }

  /// Has pieces of work taken in their order by at most `count` threads, and waits until all are done.
  static func run<Work: Sendable>(
    _ count: Int, _ work: [Work], _ body: @escaping @Sendable (Work) -> Void, everySecond tick: () -> Void
  ) {
    let rest = Rest(work)
    let threads = start(min(count, max(work.count, 1))) {
      while let piece = rest.next() { body(piece) }
    }
    while threads.wait(timeout: .now() + 1) == .timedOut { tick() }
  }

  private final class Rest<Work: Sendable>: Sendable {
    private let work: Mutex<ArraySlice<Work>>
    init(_ work: [Work]) { self.work = Mutex(work[...]) }
    func next() -> Work? { work.withLock { $0.popFirst() } }
  }
}
