import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Harness

/// Tests in which another process has created objects with a cell's names before the cell starts.
@Suite("A planted object", .serialized)
struct PlantedObjectsTests {
  private func names() -> CellNames {
    CellNames()
  }

  private func sandbox(_ isolation: Isolation, _ names: CellNames, roles: Int = 0) throws -> Sandbox {
    try Sandbox(
      Sandbox.Settings(
        program: Checkout.sandboxInit, capabilities: SandboxCapabilities(isolation: isolation),
        kept: [Checkout.root.string]),
      names: names,
      roles: roles)
  }

  /// Creates a segment and files with a cell's names, passes them to `body`, and removes them.
  private func withPlanted(_ names: CellNames, _ body: (_ segment: Int32, _ files: [String]) throws -> Void) throws {
    let segment = shmget(names.firstKey + 3, 4096, IPC_CREAT | IPC_EXCL | 0o666)
    try #require(segment != -1)
    defer { shmctl(segment, IPC_RMID, nil) }
    let files = ["/dev/shm/\(names.token)-shm", "/dev/shm/sem.\(names.token)-shm"]
    defer { for file in files { unsafe _ = unlink(file) } }
    try #require(unsafe symlink("/etc/passwd", files[0]) == 0)
    try Data("planted".utf8).write(to: URL(fileURLWithPath: files[1]))
    if geteuid() == 0 { for file in files { try #require(unsafe lchown(file, 65534, 65534) == 0) } }
    try body(segment, files)
  }

  private func exists(_ file: String) -> Bool {
    var status = stat()
    return unsafe lstat(file, &status) == 0
  }

  @Test("is not visible in a private sandbox, and still exists after it") func privateSandbox() async throws {
    try await onThread {
      let names = names()
      try withPlanted(names) { segment, files in
        do {
          let sandbox = try sandbox(.private, names)
          #expect(try sandbox.snapshot().objects.isEmpty)
        }
        var status = shmid_ds()
        #expect(unsafe shmctl(segment, IPC_STAT, &status) == 0)
        #expect(files.allSatisfy(exists))
      }
    }
  }

  /// A kind of named or keyed object, with the shell commands that create, find and remove it.
  struct Kind: Sendable, CustomTestStringConvertible {
    let testDescription, make, find, remove: String

    init(_ description: String, _ make: String, _ find: String, _ remove: String) {
      (testDescription, self.make, self.find, self.remove) = (description, make, find, remove)
    }

    /// Returns a command that makes the C peer perform a request in the host's namespaces.
    ///
    /// It is used for objects that a shell cannot create.
    private static func request(_ request: String) -> String { "echo '\(request)' | $peer | grep '^ok'" }
    private static let flags = "IPC_CREAT|IPC_EXCL mode=666"

    static let all = [
      Kind(
        "a segment", request("shmget key='$key' size=4096 shmflg=\(flags)"), "grep \"^ *$key \" /proc/sysvipc/shm",
        "ipcrm -M $key"),
      Kind(
        "semaphores", request("semget key='$key' nsems=1 semflg=\(flags)"), "grep \"^ *$key \" /proc/sysvipc/sem",
        "ipcrm -S $key"),
      Kind(
        "a System V queue", request("msgget key='$key' msgflg=\(flags)"), "grep \"^ *$key \" /proc/sysvipc/msg",
        "ipcrm -Q $key"),
      Kind(
        "a POSIX queue", request("mq_open handle=q name=/'$name'-mq oflag=O_CREAT|O_EXCL|O_RDWR mode=666"),
        request("mq_open handle=q name=/'$name'-mq oflag=O_RDONLY"), request("mq_unlink name=/'$name'-mq")),
      Kind("shared memory", "echo >/dev/shm/$name-shm", "[ -f /dev/shm/$name-shm ]", "rm /dev/shm/$name-shm"),
      Kind("a semaphore", "echo >/dev/shm/sem.$name-shm", "[ -f /dev/shm/sem.$name-shm ]", "rm /dev/shm/sem.$name-shm"),
      Kind("a link", "ln -s /etc/passwd /dev/shm/$name-shm", "[ -L /dev/shm/$name-shm ]", "rm /dev/shm/$name-shm"),
      Kind("a directory", "mkdir /dev/shm/$name-shm", "[ -d /dev/shm/$name-shm ]", "rmdir /dev/shm/$name-shm"),
      Kind("a FIFO", "mkfifo /dev/shm/$name-shm", "[ -p /dev/shm/$name-shm ]", "rm /dev/shm/$name-shm"),
    ]

    /// Runs a shell command with a cell's names, and returns whether it succeeds.
    func shell(_ command: String, _ names: CellNames) throws -> Bool {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", command]
      process.environment = [
        "PATH": "/usr/bin:/bin", "name": names.token, "key": "\(names.firstKey + 3)",
        "peer": Checkout.root.appending("build/bin/c-peer").string,
      ]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
  }

  @Test(
    "breaks a cell without a private sandbox before it begins, and still exists after it",
    arguments: Kind.all.filter { Checkout.listsQueues || $0.testDescription != "a POSIX queue" })
  func sharedMachine(kind: Kind) async throws {
    try await onThread {
      let names = names()
      try #require(try kind.shell(kind.make, names))
      defer { #expect((try? kind.shell(kind.remove, names)) == true) }
      try #require(try kind.shell(kind.find, names))
      #expect { _ = try sandbox(.shared, names) } throws: {
        "\($0)".contains("File exists")
      }
      #expect(try kind.shell(kind.find, names))
    }
  }

  @Test("under another name is neither counted nor removed") func strangers() async throws {
    try await onThread {
      try withPlanted(names()) { segment, files in
        do {
          let sandbox = try sandbox(.shared, names())
          #expect(sandbox.scratch.hasPrefix("/tmp/ipc-interop."))
        }
        var status = shmid_ds()
        #expect(unsafe shmctl(segment, IPC_STAT, &status) == 0)
        #expect(files.allSatisfy(exists))
      }
    }
  }

  @Test("that is a link in the scratch directory is removed, but its target is not")
  func linkInScratch() async throws {
    try await onThread {
      let target = FileManager.default.temporaryDirectory.appending(path: "kept-\(UUID())")
      try FileManager.default.createDirectory(at: target, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(at: target) }
      try Data("kept".utf8).write(to: target.appending(path: "file"))
      var scratch = ""
      do {
        let sandbox = try sandbox(.shared, names())
        scratch = sandbox.scratch
        try #require(unsafe symlink(target.path, "\(scratch)/link") == 0)
      }
      #expect(!exists(scratch))
      #expect(exists(target.appending(path: "file").path))
    }
  }

  @Test("in a process name does not change the observed process state") func misleadingName() async throws {
    try await onThread {
      let sandbox = try sandbox(.private, names(), roles: 1)
      let script = #"printf 'State:\tT' >/proc/$$/comm; echo; read -r line"#
      let pid = try sandbox.spawn(role: 0, command: ["/bin/sh", "-c", script])
      _ = try sandbox.lines(of: pid, most: 1)
      var state = try sandbox.processState(of: pid)
      try sandbox.wait(lookingEvery: .milliseconds(1)) {
        state = try sandbox.processState(of: pid)
        return state.systemCall == "read" && state.firstArgument == 0
      }
      #expect(state.state == "S")
      #expect(!state.isBlocked(in: ["read"]), "a peer that is waiting for a request is not blocked in an operation")
    }
  }
}
