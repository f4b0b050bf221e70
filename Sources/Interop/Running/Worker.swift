import Glibc

/// A thread that runs cells. Where the system has no more threads to give, whoever wants one is told so: Foundation's
/// begins to run, or in silence does not.
enum Worker {
  static func start(_ body: @escaping @Sendable () -> Void) throws(SandboxError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, 1 << 20)
    unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    let task = unsafe Unmanaged.passRetained(Task(body))
    var thread = pthread_t()
    let result = unsafe pthread_create(
      &thread, &attributes,
      { task in
        if let task = unsafe task { unsafe Unmanaged<Task>.fromOpaque(task).takeRetainedValue().body() }
        return nil
      }, task.toOpaque())
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
