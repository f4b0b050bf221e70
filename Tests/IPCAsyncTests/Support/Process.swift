import Foundation
import Synchronization
import SystemPackage

/// Returns the number of descriptors that this process has open.
func countDescriptors() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

/// Returns the number of threads with a given name in this process.
///
/// Only threads with this name are counted, because Dispatch also creates and ends threads.
func countThreads(named name: String) throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count { thread in
    // The thread may exit in the meantime.
    (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) == name + "\n"
  }
}

/// Allows this process to open as many descriptors as possible.
func raiseDescriptorLimit() throws {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
    throw Errno(rawValue: errno)
  }
  limit.rlim_cur = limit.rlim_max
  guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
    throw Errno(rawValue: errno)
  }
}

/// Yields to other tasks until `condition` is true.
func eventually(_ condition: () throws -> Bool) async rethrows {
  while try !condition() { await Task.yield() }
}

/// Passes a noncopyable handle to a task.
///
/// The handle can be taken only once.
final class Passed<Handle: ~Copyable & Sendable>: Sendable {
  private let handle: Mutex<Handle?>

  init(_ handle: consuming Handle) { self.handle = Mutex(handle) }

  func take() throws -> Handle {
    let taken = handle.withLock { $0.take() }
    guard let taken else { throw Errno.badFileDescriptor }
    return taken
  }
}
