import Foundation

/// Threads of the harness's own: a cell waits in `poll(2)`, which must not be done on Swift's pool.
enum Workers {
  /// Starts `count` threads that each do `work`. The group is done when all of them are.
  static func start(_ count: Int, _ work: @escaping @Sendable () -> Void) -> DispatchGroup {
    let group = DispatchGroup()
    for _ in 0..<count {
      group.enter()
      let thread = Thread {
        work()
        group.leave()
      }
      thread.stackSize = 1 << 20
      thread.start()
    }
    return group
  }
}
