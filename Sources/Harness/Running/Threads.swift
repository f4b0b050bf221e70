import Foundation

/// Starts the threads that run cells.
///
/// A cell blocks in `poll(2)`, which is not allowed in the thread pool of Swift concurrency. Foundation's threads are
/// not used either, because a thread silently fails to start if the system's thread limit has been reached.
enum Threads {
  /// Starts `count` threads that each perform `work` as members of `group`.
  ///
  /// - Throws: ``SandboxError`` if the system cannot create another thread. Threads that were already started continue.
  static func start(
    _ count: Int, in group: DispatchGroup, _ work: @escaping @Sendable () -> Void
  ) throws(SandboxError) {
    for _ in 0..<count {
      group.enter()
      do throws(SandboxError) {
        try start {
          work()
          group.leave()
        }
      } catch {
        group.leave()
        throw error
      }
    }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) throws(SandboxError) {
    let task = unsafe Unmanaged.passRetained(Task(body))
    let result = unsafe withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { buffer -> Int32 in
      guard let attributes = buffer.baseAddress else { return ENOMEM }
      unsafe pthread_attr_init(attributes)
      defer { unsafe pthread_attr_destroy(attributes) }
      unsafe pthread_attr_setstacksize(attributes, 1 << 20)
      unsafe pthread_attr_setdetachstate(attributes, CInt(PTHREAD_CREATE_DETACHED))
      var thread = pthread_t()
      return unsafe pthread_create(
        &thread, attributes,
        { task in
          if let task = unsafe task { unsafe Unmanaged<Task>.fromOpaque(task).takeRetainedValue().body() }
          return nil
        }, task.toOpaque())
    }
    if result != 0 {
      unsafe task.release()
      throw SandboxError(call: "pthread_create", on: "to run cells", errno: result)
    }
  }

  private final class Task {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
