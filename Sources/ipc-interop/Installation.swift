import Foundation
import Harness

/// Finds the fixtures, the peers and the sandbox init.
extension Installation {
  /// Returns the checkout or prefix `given` or, if it is nil, the nearest one above this program or the working
  /// directory.
  static func find(given: String?) -> Installation? {
    if let given { return at(URL(fileURLWithPath: given).standardizedFileURL.resolvingSymlinksInPath().path) }
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    for start in [program, FileManager.default.currentDirectoryPath] {
      var directory = URL(fileURLWithPath: start)
      while directory.path != "/" {
        directory.deleteLastPathComponent()
        if let found = at(directory.path) { return found }
      }
    }
    return nil
  }

  /// Returns the installation in a directory; nil if it is neither a checkout nor a `make install` prefix.
  private static func at(_ directory: String) -> Installation? {
    func holdsFixtures(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/fixtures/scenarios") }
    if holdsFixtures(directory) { return Installation(root: directory) }
    let shared = "\(directory)/share/ipc-interop"
    return holdsFixtures(shared) ? Installation(root: shared, programs: "\(directory)/libexec/ipc-interop") : nil
  }
}
