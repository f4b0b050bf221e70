import Foundation
import Synchronization

/// Reads the permissions of a path repeatedly, in a separate thread.
final class PermissionsObserver: Sendable {
  private let seen = Mutex<(count: Int, modes: Set<mode_t>)>((0, []))
  private let isOver = Mutex(false)

  init(_ path: String) {
    Thread { [self] in
      while !isOver.withLock(\.self) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { continue }
        let mode = status.st_mode & 0o7777
        seen.withLock {
          $0.count += 1
          $0.modes.insert(mode)
        }
      }
    }.start()
  }

  /// The number of times that the observer saw the path.
  var sightings: Int { seen.withLock(\.count) }

  /// Stops the observer, and returns all permissions that it saw.
  func end() -> Set<mode_t> {
    isOver.withLock { $0 = true }
    return seen.withLock(\.modes)
  }
}
