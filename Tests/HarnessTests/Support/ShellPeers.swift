import Foundation
import Synchronization

@testable import Harness

/// Peers that are short shell scripts, and a scenario for them.
enum ShellPeers {
  /// Returns a peer that identifies itself as `language`, and is honest except for the responses in `cases`.
  static func script(_ language: String, _ cases: String = "", after: String = "") -> String {
    """
    echo 'hello contract=1 language=\(language) implementation=sh operations=pid,limits'
    while read -r line; do
      case $mutant:$line in \(cases)
        *:pid*) echo ok pid=$$ ;; *:limits*) echo ok PIPE_BUF=4096 ;; *) echo unsupported ;;
      esac
    done
    \(after)
    """
  }

  /// Writes each script to a temporary folder, and passes the commands to `body`.
  static func withScripts<Value>(_ scripts: [String], _ body: (String, [[String]]) throws -> Value) throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var commands: [[String]] = []
    for (number, script) in scripts.enumerated() {
      let file = folder.appending(path: "\(number)")
      try Data(script.utf8).write(to: file)
      commands.append(["/bin/sh", file.path])
    }
    return try body(folder.path, commands)
  }

  static func scenario(_ name: String = "test", steps: String = "    - a: pid -> pid>=1") -> String {
    """
    - id: test/\(name)
      title: A title.
      spec: getpid(2)
      level: must
      roles: [a]
      steps:
    \(steps)

    """
  }
}

/// Collects the results from the threads of a run.
final class GatheredResults: Sendable {
  private let stored = Mutex<[CellResult]>([])
  var all: [CellResult] { stored.withLock { $0 } }
  func take(_ event: Event) {
    if case .cellEnded(let result) = event { stored.withLock { $0.append(result) } }
  }
}
