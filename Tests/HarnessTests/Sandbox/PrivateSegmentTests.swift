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
    // The maker and the sandbox init share a PID namespace. Between them, the script sets the next process ID.
    let script = """
      import os, socket, subprocess, sys
      def segments(column):
        return [line.split()[column] for line in open('/proc/sysvipc/shm').readlines()[1:]]
      subprocess.run(['ipcmk', '-M', '4096'], stdout=subprocess.DEVNULL, check=True)
      maker = segments(4)[0]
      ours, theirs = socket.socketpair()
      init = subprocess.Popen(
        [sys.argv[1], '--token', 'ipc-interop-x', '--first-key', '123456789'], stdin=theirs, stdout=subprocess.PIPE)
      theirs.close()
      init.stdout.readline()
      open('/proc/sys/kernel/ns_last_pid', 'w').write(str(int(maker) - 1))
      null = os.open('/dev/null', os.O_RDWR)
      command = b'spawn role=0 descriptors=3 argv=/bin/sh%00-c%00exec%20ipcmk%20-M%204096\\n'
      socket.send_fds(ours, [command], [null, null, null])
      answer = init.stdout.readline().split()[1].decode()
      init.stdout.readline()
      print(*segments(4), answer)
      ours.close()
      init.wait()
      print(*['maker' if creator == maker else 'peer' for creator in segments(4)])
      """
    let lines = try await onThread {
      let python = Process()
      python.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
      python.arguments = [
        "--fork", "--pid", "--ipc", "--mount-proc", "/usr/bin/python3", "-c", script, Checkout.sandboxInit,
      ]
      let output = Pipe()
      python.standardInput = Pipe()
      python.standardOutput = output
      try python.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      python.waitUntilExit()
      return text.split(separator: "\n").map(String.init)
    }
    let numbers = try #require(lines.first).split(separator: " ")
    try #require(numbers.count == 3, "\(lines)")
    #expect(numbers[2] == "pid=\(numbers[1])" && numbers[0] != numbers[1])
    #expect(lines.dropFirst() == ["maker"])
  }
}
