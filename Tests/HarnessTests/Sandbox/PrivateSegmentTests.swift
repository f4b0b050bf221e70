import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Harness

/// Tests for segments without a key.
///
/// The harness recognizes such a segment by the process that created it.
@Suite("A segment without a key", .serialized)
struct PrivateSegmentTests {
  private func exists(_ segment: Int32) -> Bool {
    var status = shmid_ds()
    return unsafe shmctl(segment, IPC_STAT, &status) == 0
  }

  @Test("is removed with the sandbox of its creator, but other segments are not", arguments: [false, true])
  func swept(endsBefore: Bool) async throws {
    try await onThread {
      let stranger = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0o600)
      defer { shmctl(stranger, IPC_RMID, nil) }
      var made: Int32 = -1
      do {
        let sandbox = try Sandbox(
          Sandbox.Settings(
            program: Checkout.sandboxInit,
            capabilities: SandboxCapabilities(isolation: .shared, unobservableKinds: [.messageQueue]),
            kept: [Checkout.root.string]), names: CellNames(), roles: 1)
        let streams = sandbox.streams[0]
        let peer = try sandbox.spawn(
          role: 0, command: [Checkout.root.appending("build/bin/c-peer").string])
        _ = streams.input.write(Array("shmget key=IPC_PRIVATE size=4096 mode=600\n".utf8)[...])
        let lines = try sandbox.lines(of: peer, most: 2)
        made = try #require(lines.last.flatMap { Int32($0.drop { $0 != "=" }.dropFirst()) }, "\(lines)")
        if endsBefore {
          streams.input.close()
          _ = try sandbox.lines(of: peer)
        }
        #expect(exists(made))
      }
      #expect(!exists(made))
      #expect(exists(stranger))
    }
  }

  /// The peer has the same process ID as a process that created a segment and then exited.
  ///
  /// This is possible in a sandbox, in which the test can choose the next process ID.
  @Test("is not attributed to a later process with the same process ID", .enabled(if: geteuid() == 0, "requires root"))
  func numberTaken() async throws {
    let script = """
      set -e
      cd "$1"
      mkfifo commands answers
      ipcmk -M 4096 >&2
      maker=$(awk 'NR == 2 { print $5 }' /proc/sysvipc/shm)
      exec 5<&0
      "$0" --token ipc-interop-x --first-key 123456789 --role 5,5,5 <commands >answers &
      exec 7>commands 8<answers
      read -r ready <&8
      echo $((maker - 1)) >/proc/sys/kernel/ns_last_pid
      echo 'spawn role=0 argv=/bin/sh%00-c%00exec%20ipcmk%20-M%204096' >&7
      read -r answer <&8
      read -r ended <&8
      awk '{ print $5 }' /proc/sysvipc/shm | tr '\\n' ' '
      echo "$answer"
      exec 7>&-
      wait
      awk -v maker=$maker 'NR > 1 { print $5 == maker ? "maker" : "peer" }' /proc/sysvipc/shm
      """
    let lines = try await onThread {
      let folder = FileManager.default.temporaryDirectory.appending(path: "numbers-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(at: folder) }
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
      shell.arguments = [
        "--fork", "--pid", "--ipc", "--mount-proc", "/bin/sh", "-c", script, Checkout.sandboxInit, folder.path,
      ]
      let output = Pipe()
      shell.standardInput = Pipe()
      shell.standardOutput = output
      try shell.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      shell.waitUntilExit()
      return text.split(separator: "\n").map(String.init)
    }
    let numbers = try #require(lines.first).split(separator: " ")
    try #require(numbers.count == 5, "\(lines)")
    #expect(numbers[4] == "pid=\(numbers[2])" && numbers[1] != numbers[2])
    #expect(lines.dropFirst() == ["maker"])
  }
}
