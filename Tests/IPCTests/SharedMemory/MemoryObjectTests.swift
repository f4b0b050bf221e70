import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct MemoryObjectTests {
  @Test(arguments: ["", "x", "/", "/.", "/..", "//x", "/a/b", "a/"])
  func `An invalid name is refused, and the error shows a valid one`(name: POSIXName) throws {
    for error in [
      failure { _ = try POSIXSharedMemory.open(name) }, failure { _ = try POSIXSharedMemory.create(name) },
      failure { try POSIXSharedMemory.unlink(name) },
    ] {
      #expect(error?.errno == .invalidArgument)
      #expect(error?.description.contains("such as '/jobs'") == true)
    }
  }

  @Test func `A name has at most 255 bytes after its slash, of any value`() throws {
    let longest = POSIXName(bytes: [0x2f] + [UInt8](repeating: 0xff, count: 255))
    try POSIXSharedMemory.create(longest).close()
    #expect(try contentsOfSharedMemory().contains([UInt8](repeating: 0xff, count: 255)))
    try POSIXSharedMemory.unlink(longest)
    let long = POSIXName("/" + String(repeating: "x", count: 256))
    #expect(reason { _ = try POSIXSharedMemory.open(long) } == .fileNameTooLong)
  }

  /// Returns the names in `/dev/shm`, as bytes.
  private func contentsOfSharedMemory() throws -> [[UInt8]] {
    let directory = try unsafe #require(opendir("/dev/shm"))
    defer { _ = unsafe closedir(directory) }
    var names: [[UInt8]] = []
    while let entry = unsafe readdir(directory) {
      names.append(unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) })
    }
    return names
  }

  @Test func `create is exclusive, open does not create, and createOrOpen reports which it did`() throws {
    try withMemoryName { name in
      #expect(reason { _ = try POSIXSharedMemory.open(name, access: .readOnly) } == .noSuchFileOrDirectory)
      let new = try POSIXSharedMemory.createOrOpen(name)
      #expect(new.isNew == true)
      #expect(try new.status().size == 0)
      #expect(reason { _ = try POSIXSharedMemory.create(name, permissions: []) } == .fileExists)
      try new.resize(to: 100)
      let same = try POSIXSharedMemory.createOrOpen(name, size: 200, access: .readOnly, permissions: [])
      #expect(same.isNew == false)
      #expect(try same.status().size == 100)
      #expect(try same.status().permissions == .ownerReadWrite)
    }
  }

  @Test func `create reserves the size`() throws {
    try withMemoryName { name in
      let object = try POSIXSharedMemory.create(name, size: 10_000)
      #expect(try object.status().size == 10_000)
      var status = stat()
      #expect(unsafe fstat(object.descriptor.rawValue, &status) == 0 && status.st_blocks * 512 >= 10_000)
      #expect(reason { _ = try POSIXSharedMemory.create("/ipc-tests-too-large", size: 1 << 55) } != nil)
      #expect(reason { try POSIXSharedMemory.unlink("/ipc-tests-too-large") } == .noSuchFileOrDirectory)
    }
  }

  @Test func `An unlinked object is still usable, and its name is free`() throws {
    try withMemoryName { name in
      let old = try POSIXSharedMemory.create(name)
      try POSIXSharedMemory.unlink(name)
      #expect(reason { try POSIXSharedMemory.unlink(name) } == .noSuchFileOrDirectory)
      let new = try POSIXSharedMemory.create(name)
      try old.resize(to: 10)
      #expect(try new.status().size == 0)
    }
  }

  @Test func `Permissions are exact unless the umask is applied`() async {
    // The umask applies to the whole process.
    await #expect(processExitsWith: .success) {
      umask(0o077)
      let permissions = FilePermissions(rawValue: 0o666)
      for (applyUmask, expected) in [(false, 0o666), (true, 0o600)] as [(Bool, CInterop.Mode)] {
        try withMemoryName { name in
          let object = try POSIXSharedMemory.create(
            name, access: .readOnly, permissions: permissions, applyUmask: applyUmask)
          #expect(try object.status().permissions.rawValue == expected)
        }
        let scratch = try Scratch()
        let file = try MappedFile.create(
          scratch.path.appending("file"), permissions: permissions, applyUmask: applyUmask)
        #expect(try file.status().permissions.rawValue == expected)
      }
    }
  }

  @Test func `Descriptors are close-on-exec`() throws {
    try withMemoryName { name in
      let shared = try POSIXSharedMemory.create(name)
      #expect(isCloseOnExec(shared.descriptor.rawValue) == true)
      let anonymous = try scratchMemory(1)
      #expect(isCloseOnExec(anonymous.descriptor.rawValue) == true)
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let file = try MappedFile.open(FilePath(program), access: .readOnly)
      #expect(isCloseOnExec(file.descriptor.rawValue) == true)
    }
  }

  @Test func `A descriptor of a different kind or access mode is not adopted, and stays open`() throws {
    let descriptor = try scratchMemory(4096).release()
    _ = fcntl(descriptor.rawValue, F_SETFD, 0)
    let adopted = try MemoryObject<ReadWriteAccess>(adopting: descriptor)
    #expect(isCloseOnExec(descriptor.rawValue) == true)
    #expect(try adopted.status().size == 4096)

    let readable = try FileDescriptor.open(FilePath("/proc/self/exe"), .readOnly)
    #expect(reason { _ = try MemoryObject<ReadWriteAccess>(adopting: readable) } == .permissionDenied)
    try MemoryObject<ReadOnlyAccess>(adopting: readable).close()
    let pathOnly: Int32 = 0o10_000_000  // O_PATH
    let naming = FileDescriptor(rawValue: unsafe open("/proc/self/exe", pathOnly | O_CLOEXEC))
    #expect(reason { _ = try MemoryObject<ReadOnlyAccess>(adopting: naming) } == .permissionDenied)
    try naming.close()
    let device = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
    #expect(reason { _ = try MemoryObject<ReadWriteAccess>(adopting: device) } == .operationNotSupportedByDevice)
    try device.close()
  }

  @Test(.timeLimit(.minutes(1))) func `Only regular files are opened, and opening does not wait for a FIFO`() throws {
    let scratch = try Scratch()
    let fifo = scratch.path.appending("fifo")
    try FIFO(fifo).create()
    for path in [fifo, scratch.path, "/dev/null"] as [FilePath] {
      #expect(reason { _ = try MappedFile.open(path, access: .readOnly) } == .operationNotSupportedByDevice)
    }
    let missing = scratch.path.appending("missing")
    #expect(reason { _ = try MappedFile.open(missing, access: .readOnly) } == .noSuchFileOrDirectory)
  }

  @Test func `A size above RLIMIT_FSIZE is an error, and no signal stays pending`() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 8192, rlim_max: 8192)
      _ = unsafe setrlimit(Int32(RLIMIT_FSIZE.rawValue), &limit)
      let object = try MemoryObject.anonymous("limited")
      #expect(reason { try object.resize(to: 8193) } == .fileTooLarge)
      #expect(reason { try object.allocate(8193) } == .fileTooLarge)
      try object.resize(to: 8192)
      #expect(try object.status().size == 8192)
      var pending = sigset_t()
      _ = unsafe sigpending(&pending)
      #expect(unsafe sigismember(&pending, SIGXFSZ) == 0)
    }
  }

  @Test func `Other processes read data that is stored in a mapped file`() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("file")
    let file = try MappedFile.create(path, size: 3)
    let memory = try file.map()
    let bytes: [UInt8] = [1, 2, 3]
    try memory.copy(bytes.span)
    try memory.sync()
    #expect(try Data(contentsOf: URL(fileURLWithPath: path.string)) == Data(bytes))
    #expect(reason { try memory.sync(at: 1) } == .invalidArgument)
    #expect(reason { _ = try MappedFile.create(path, permissions: []) } == .fileExists)
  }

  @Test func `An error names the call and the object, and gives advice, in one line`() throws {
    let object = try scratchMemory(4096)
    let memory = try object.map()
    try object.resize(to: 0)
    let short = try #require(failure { _ = try memory.copyBytes(count: 1) })
    #expect("\(short)".hasPrefix("process_vm_readv 'scratch': Bad address (EFAULT). Allocate the object first"))
    let region = SharedRegion(memory)
    let placed = try #require(failure { _ = try SharedMutex.create(in: region, at: 0) })
    #expect("\(placed)".hasPrefix("madvise 'scratch': Bad address (EFAULT). Allocate the object first"))
    let full = IPCError(.fallocate, .noSpace, on: .name("/ring"))
    #expect("\(full)".contains("--shm-size"))
    for error in [short, placed, full] { #expect("\(error)".count <= 120) }
  }

  @Test func `Seals are checked by the kernel`() throws {
    let object = try scratchMemory(4096)
    #expect(try object.seals().isDisjoint(with: [.shrink, .grow, .write, .seal]))
    do {
      let memory = try object.map()
      #expect(reason { try object.add(.write) } == .resourceBusy)
      try memory.unmap()
    }
    try object.add([.shrink, .grow])
    #expect(reason { try object.resize(to: 0) } == .notPermitted)
    #expect(reason { try object.allocate(8192) } == .notPermitted)
    try object.add([.write, .seal])
    #expect(try object.seals().isSuperset(of: [.shrink, .grow, .write, .seal]))
    #expect(reason { _ = try object.map() } == .notPermitted)
    #expect(reason { try object.add(.write) } == .notPermitted)
    #expect(try MemoryObject.anonymous("plain", sealable: false).seals().contains(.seal))
  }

  /// Whether this process may create a PID namespace, which has its own `vm.memfd_noexec` setting.
  private static let hasNamespaces: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["unshare", "-p", "-f", "--mount-proc", "test", "-w", "/proc/sys/vm/memfd_noexec"]
    process.standardError = nil
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  @Test(.enabled(if: hasNamespaces, "needs to create PID namespaces, and Linux 6.3"))
  func `Memory that is not sealable cannot be sealed where vm.memfd_noexec is 1`() async {
    await #expect(processExitsWith: .success) {
      // From now on, children of this process are in the new namespace.
      try unshareProcesses()
      let child = try ForkedChild {
        let setting = try FileDescriptor.open(FilePath("/proc/sys/vm/memfd_noexec"), .writeOnly)
        _ = try setting.closeAfter { try setting.writeAll("1".utf8) }
        guard try MemoryObject.anonymous("x").seals().contains(.execute) else { return 1 }
        let object = try MemoryObject.anonymous("x", size: 4096, sealable: false)
        guard try object.seals().contains(.seal) else { return 2 }
        return reason { try object.add(.write) } == .notPermitted ? 0 : 3
      }
      #expect(child.wait() == 0)
    }
  }
}

/// Tests for the removal of shared memory whose users have died.
@Suite struct AbandonedMemoryTests {
  @Test func `Memory is removed when its last marked user has died, and not before`() async {
    await #expect(processExitsWith: .success) {
      try withMemoryName { name in
        let ready = try AnonymousPipe()
        let child = try ForkedChild {
          let object = try POSIXSharedMemory.create(name, size: 4096)
          try object.markOwned()
          let memory = try object.map()
          // The mapping keeps the object marked as owned, even after the descriptor has been closed.
          try object.close()
          try memory.store(UInt8(1), at: 0)
          try ready.writer.writeAll([1].span)
          ForkedChild.waitForParent()
        }
        var bytes: [UInt8] = []
        _ = try ready.reader.read(maxLength: 1, appendingTo: &bytes)
        #expect(try !POSIXSharedMemory.unlinkIfAbandoned(name))
        #expect(try POSIXSharedMemory.open(name, access: .readOnly).map().load(as: UInt8.self, at: 0) == 1)
        kill(child.process, SIGKILL)
        #expect(child.wait() == -SIGKILL)
        #expect(try POSIXSharedMemory.unlinkIfAbandoned(name))
        #expect(reason { _ = try POSIXSharedMemory.open(name) } == .noSuchFileOrDirectory)
        #expect(try !POSIXSharedMemory.unlinkIfAbandoned(name))
      }
    }
  }

  @Test func `Memory whose name was removed cannot be marked`() throws {
    try withMemoryName { name in
      let object = try POSIXSharedMemory.create(name)
      #expect(try POSIXSharedMemory.unlinkIfAbandoned(name))
      #expect(reason { try object.markOwned() } == .noSuchFileOrDirectory)
      let next = try POSIXSharedMemory.create(name)
      try next.markOwned()
      try next.markOwned()
      #expect(try !POSIXSharedMemory.unlinkIfAbandoned(name))
      try next.close()
      #expect(try POSIXSharedMemory.unlinkIfAbandoned(name))
    }
  }

  @Test func `A mark waits for another process that has locked the object, until a timeout`() throws {
    try withMemoryName { name in
      let object = try POSIXSharedMemory.create(name)
      let other = try POSIXSharedMemory.open(name)
      try #require(flock(other.descriptor.rawValue, LOCK_EX) == 0)
      #expect(reason { try object.markOwned(timeout: .immediate) } == .wouldBlock)
      #expect(reason { try object.markOwned(timeout: .after(.milliseconds(5))) } == .timedOut)
      try other.close()
      try object.markOwned()
    }
  }
}
