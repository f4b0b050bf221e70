import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("A checkout in a directory that a sandbox replaces", .serialized)
struct ReplacedDirectoryTests {
  /// Copies the checkout and the command, and runs the copy at `$PLACE`, with mounts that are visible only to this
  /// shell.
  private static let script = """
    program=$1; shift; for root; do :; done
    mount -t tmpfs tmpfs /mnt && cp -rL "$root/." /mnt && cp "$program" /mnt/build/bin/ipc-interop || exit 64
    case $PLACE in */checkout) mount -t tmpfs tmpfs "${PLACE%/*}" && mkdir "$PLACE" || exit 64 ;; esac
    mount --bind /mnt "$PLACE" && cd / && exec "$PLACE/build/bin/ipc-interop" "$@" --root "$PLACE"
    """

  @Test("runs its cells", arguments: ["/tmp", "/tmp/checkout", "/dev/shm", "/dev/shm/checkout"])
  func runs(place: String) async throws {
    let run = try await onThread {
      let root = try CommandRun.checkout(cells: 2)
      defer { try? FileManager.default.removeItem(atPath: root.string) }
      let shell = "PLACE=\(place) exec unshare --user --map-root-user --mount /bin/sh -c '\(Self.script)' sh \"$@\""
      let run = try CommandRun(
        root: root, shell: shell, command: ["run", "--pairs", "c:c", "--isolation", "required", "fifo/wait"])
      return (status: try run.end(), lines: run.lines)
    }
    #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.lines)")
    #expect(run.lines.last == "2 passed, 0 failed")
  }
}
