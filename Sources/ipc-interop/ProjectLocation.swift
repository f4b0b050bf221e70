import Foundation
import Harness

/// Finds the user's project file.
enum ProjectLocation {
  /// Returns the project file's absolute path, the path to show in messages, and the filters.
  static func find(_ arguments: [String]) throws(RunError) -> (path: String, name: String, filters: [String]) {
    let here = FileManager.default.currentDirectoryPath
    if let first = arguments.first, first.hasSuffix(".yaml") || first.hasSuffix(".yml") {
      return (URL(fileURLWithPath: first).standardizedFileURL.path, first, Array(arguments.dropFirst()))
    }
    var directory = URL(fileURLWithPath: here)
    var name = ProjectFile.name
    while true {
      let path = directory.appending(path: ProjectFile.name).path
      if FileManager.default.fileExists(atPath: path) { return (path, name, arguments) }
      if directory.path == "/" { break }
      directory.deleteLastPathComponent()
      name = "../\(name)"
    }
    throw RunError(
      "there is no \(ProjectFile.name) in \(here) or above; write one with 'ipc-interop init', or name the file",
      status: .usage)
  }
}
