internal import Glibc
internal import IPC
internal import SystemPackage

/// Runs a closure in `count` threads.
///
/// If `count` is 1, the closure runs in the main thread, where the runner can detect that it blocks.
func inThreads<Value>(_ count: Int, _ perform: @escaping (_ index: Int) throws -> Value) throws -> [Value] {
  guard (1...64).contains(count) else { throw Invalid("there are 1 to 64 threads") }
  let workers = (0..<count).map { index in ThreadWork { try perform(index) } }
  var threads: [pthread_t] = []
  var failure: Failure?
  for worker in workers.dropFirst() {
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { worker in
        if let worker = unsafe worker { unsafe Unmanaged<Work>.fromOpaque(worker).takeUnretainedValue().run() }
        return nil
      }, Unmanaged.passUnretained(worker as Work).toOpaque())
    if code == 0 { threads.append(thread) } else { failure = Failure(Errno(rawValue: code)) }
  }
  workers[0].run()
  for thread in threads { pthread_join(thread, nil) }
  if let failure { throw failure }
  return try workers.map { try $0.result.get() }
}

private class Work {
  func run() {}
}

private final class ThreadWork<Value>: Work {
  private let perform: () throws -> Value
  private(set) var result: Result<Value, any Error> = .failure(Invalid("the thread has not run"))

  init(_ perform: @escaping () throws -> Value) { self.perform = perform }

  override func run() { result = Result(catching: perform) }
}
