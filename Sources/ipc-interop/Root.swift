import Foundation

/// Finds the directory with the fixtures, the peers and the sandbox init.
enum Root {
  /// Returns `given` or else the nearest directory with fixtures, above this program or above the working directory.
  static func find(given: String?) -> String? {
    if let given { return holdsFixtures(given) ? absolute(given) : nil }
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    for start in [program, FileManager.default.currentDirectoryPath] {
      var directory = URL(fileURLWithPath: start)
      while directory.path != "/" {
        if holdsFixtures(directory.path) { return directory.path }
        directory.deleteLastPathComponent()
      }
    }
    return nil
  }

  private static func holdsFixtures(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/fixtures/scenarios")
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
  }
}
