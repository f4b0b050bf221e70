import Foundation
import Testing

@testable import Harness

/// Peers that try to make a failing cell pass, or to make another role look defective.
///
/// Each attack would succeed if the peers had the user ID and the capabilities of the runner.
@Suite("A cell", .serialized)
struct ForgeryTests {
  private let cell = CellRunTests()

  /// When the role's input ends, a daemon responds instead of the sandbox init.
  @Test(
    "whose peer forges sandbox-init responses leaks the objects that it leaves behind",
    arguments: [Isolation.private, .shared])
  func forgesSnapshot(isolation: Isolation) async throws {
    let attack = """
      *:pid*)
        mkfifo left
        forge() {
          : "$(setsid sh -c 'write() { echo ok unobservable= >>/proc/$0/fd/1; }
            write; exec >/dev/null; while write; do :; done' $PPID </dev/null 2>/dev/null &)"
        }
        trap forge EXIT
        echo ok pid=$$ ;;
      """
    // The peer exits after the daemon's first response. After that, the daemon closes its standard output.
    for _ in 0..<5 {
      let outcome = try await cell.outcome(attack, isolation: isolation)
      #expect(outcome.verdict == .leaked, "\(outcome.reason ?? "")")
      #expect(outcome.evidence?.leftBehind.contains { $0.name?.hasSuffix("/left") == true } == true)
    }
  }

  @Test("whose peer writes to the streams of another role passes", arguments: [Isolation.private, .shared])
  func forgesAnotherRole(isolation: Isolation) async throws {
    let outcome = try await cell.outcome(
      """
      *:limits*)
        for process in $(cat /proc/$PPID/task/$PPID/children); do
          [ $process = $$ ] ||
            for stream in 0 1 2; do ( echo ok pid=1 >>/proc/$process/fd/$stream ) 2>/dev/null; done
        done
        echo ok PIPE_BUF=4096 ;;
      """, steps: "    - b: pid -> pid>=1\n    - a: limits\n    - b: pid -> pid>=1", keys: "roles: [a, b]",
      isolation: isolation)
    #expect(outcome.verdict == .passed, "\(outcome.reason ?? "")")
  }

  @Test(
    "whose peer hides leftover objects under a mount leaks them",
    arguments: ["", "unshare --mount", "unshare --user --map-root-user --mount"], ["", "as: {a: root}"])
  func hidesObjects(namespace: String, user: String) async throws {
    if !user.isEmpty, geteuid() != 0 { return }
    // Require a private sandbox, so that a successful attack does not affect the machine.
    let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/mnt")
    let hide =
      "[ $(readlink /proc/self/ns/mnt) != \(here) ] && "
      + "for place in /dev/shm /tmp /proc /proc/sysvipc; do mount -t tmpfs none $place; done"
    let outcome = try await cell.outcome(
      """
      *:pid*)
        touch /dev/shm/left /tmp/left; ipcmk -M 4096 >/dev/null
        \(namespace) sh -c '\(hide)' 2>/dev/null
        echo ok pid=$$ ;;
      """, keys: "roles: [a]" + (user.isEmpty ? "" : "\n  \(user)"))
    #expect(outcome.verdict == .leaked)
    #expect(Set(outcome.evidence?.leftBehind.map(\.kind) ?? []) == [.sharedMemory, .posixSharedMemory, .file])
  }

  /// The signals have no effect, so that a successful attack does not terminate these tests.
  @Test(
    "whose peer signals the sandbox init and the runner continues",
    .enabled(if: geteuid() == 0, "the processes of one user can signal each other"),
    arguments: [Isolation.private, .shared])
  func signals(isolation: Isolation) async throws {
    let kill =
      isolation == .private ? "kill -9 1; kill -STOP 1; kill -TERM 1; kill -0 1" : "kill -0 $PPID || kill -0 $runner"
    let outcome = try await cell.outcome(
      """
      *:pid*)
        runner=$(awk '/^PPid/ { print $2 }' /proc/$PPID/status)
        if { \(kill); } 2>/dev/null; then echo ok pid=0; else echo ok pid=$$; fi ;;
      """, isolation: isolation)
    #expect(outcome.verdict == .passed, "\(outcome.reason ?? "")")
  }

  @Test(
    "whose peer left a process that writes to its input names that process before its time limit",
    .timeLimit(.minutes(15)))
  func writesToInput() async throws {
    let start = ContinuousClock.now
    let outcome = try await cell.outcome(
      "*:pid*) setsid sleep 1000 >>/proc/$$/fd/0 2>/dev/null & echo ok pid=$$ ;;", timeoutMultiplier: 100)
    if geteuid() == 0 {
      // The pipe belongs to the user who runs the runner.
      #expect(outcome.verdict == .passed)
    } else {
      #expect(outcome.verdict == .leaked)
      #expect(outcome.reason?.contains("a process writes to its input: process") == true)
    }
    #expect(start.duration(to: .now) < .seconds(1000), "the limit is 2000 s")
  }
}
