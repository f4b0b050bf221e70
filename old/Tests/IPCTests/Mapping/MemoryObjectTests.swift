import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct MemoryObjectTests {
  @Test(arguments: ["", "x", "/", "/.", "/..", "//x", "/a/b", "/a\0b", "a/"])
  func `what is no name of shared memory is refused`(text: String) {
    #expect(POSIXSharedMemory.Name(text) == nil)
    #expect(reason { _ = try POSIXSharedMemory.Name(validating: text) } == .invalidArgument)
  }

  @Test func `a name has at most 255 bytes after its slash`() throws {
    #expect(POSIXSharedMemory.Name("/" + String(repeating: "x", count: 255)) != nil)
    let long = "/" + String(repeating: "x", count: 256)
    #expect(reason { _ = try POSIXSharedMemory.Name(validating: long) } == .fileNameTooLong)
  }

  @Test func `creating is exclusive, opening creates nothing, and either is told apart`() throws {
    try withMemoryName { name in
      #expect(reason { _ = try MemoryObject<ReadOnly>(opening: name) } == .noSuchFileOrDirectory)
      let new = try MemoryObject<ReadWrite>(creatingOrOpening: name, permissions: .ownerReadWrite)
      #expect(new.isNew == true)
      #expect(try new.status().size == 0)
      #expect(reason { _ = try MemoryObject<ReadWrite>(creating: name, permissions: []) } == .fileExists)
      try new.resize(to: 100)
      let same = try MemoryObject<ReadOnly>(creatingOrOpening: name, permissions: [])
      #expect(same.isNew == false)
      #expect(try same.status().size == 100)
      #expect(try same.status().permissions == .ownerReadWrite)
    }
  }

  @Test func `an unlinked object serves who has it, and its name is free`() throws {
    try withMemoryName { name in
      let old = try MemoryObject<ReadWrite>(creating: name, permissions: .ownerReadWrite)
      try name.unlink()
      #expect(reason { try name.unlink() } == .noSuchFileOrDirectory)
      let new = try MemoryObject<ReadWrite>(creating: name, permissions: .ownerReadWrite)
      try old.resize(to: 10)
      #expect(try new.status().size == 0)
    }
  }

  @Test func `permissions are as asked for, or obey the umask`() async {
    // The umask is the whole process's.
    await #expect(processExitsWith: .success) {
      umask(0o077)
      for (umask, expected) in [(Umask.overridden, 0o666), (.obeyed, 0o600)] as [(Umask, CInterop.Mode)] {
        try withMemoryName { name in
          let object = try MemoryObject<ReadOnly>(
            creating: name, permissions: FilePermissions(rawValue: 0o666), umask: umask)
          #expect(try object.status().permissions.rawValue == expected)
        }
        let scratch = try Scratch()
        let file = try MemoryObject<ReadWrite>(
          creating: scratch.path.appending("file"), permissions: FilePermissions(rawValue: 0o666), umask: umask)
        #expect(try file.status().permissions.rawValue == expected)
      }
    }
  }

  @Test func `descriptors are close-on-exec`() throws {
    try withMemoryName { name in
      let shared = try MemoryObject<ReadWrite>(creating: name, permissions: .ownerReadWrite)
      #expect(isCloseOnExec(shared.descriptor.rawValue) == true)
      let anonymous = try scratchMemory(1)
      #expect(isCloseOnExec(anonymous.descriptor.rawValue) == true)
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let file = try MemoryObject<ReadOnly>(opening: FilePath(program))
      #expect(isCloseOnExec(file.descriptor.rawValue) == true)
    }
  }

  @Test func `an adopted object is what it was opened for, or stays its owner's`() throws {
    let descriptor = try scratchMemory(4096).release()
    _ = fcntl(descriptor.rawValue, F_SETFD, 0)
    let adopted = try MemoryObject<ReadWrite>(adopting: descriptor)
    #expect(isCloseOnExec(descriptor.rawValue) == true)
    #expect(try adopted.status().size == 4096)

    let readable = try FileDescriptor.open(FilePath("/proc/self/exe"), .readOnly)
    #expect(reason { _ = try MemoryObject<ReadWrite>(adopting: readable) } == .permissionDenied)
    try MemoryObject<ReadOnly>(adopting: readable).close()
    let pathOnly: Int32 = 0o10_000_000  // O_PATH
    let naming = FileDescriptor(rawValue: unsafe open("/proc/self/exe", pathOnly | O_CLOEXEC))
    #expect(reason { _ = try MemoryObject<ReadOnly>(adopting: naming) } == .permissionDenied)
    try naming.close()
    let device = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
    #expect(reason { _ = try MemoryObject<ReadWrite>(adopting: device) } == .operationNotSupportedByDevice)
    try device.close()
  }

  @Test(.timeLimit(.minutes(1))) func `what is no regular file is refused, and a FIFO is not waited for`() throws {
    let scratch = try Scratch()
    let fifo = scratch.path.appending("fifo")
    try FIFO(fifo).make(permissions: .ownerReadWrite)
    for path in [fifo, scratch.path, "/dev/null"] as [FilePath] {
      #expect(reason { _ = try MemoryObject<ReadOnly>(opening: path) } == .operationNotSupportedByDevice)
    }
    let link = scratch.path.appending("missing")
    #expect(reason { _ = try MemoryObject<ReadOnly>(opening: link) } == .noSuchFileOrDirectory)
  }

  @Test func `beyond the limit of a file's size is an error, and no signal stays behind`() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 8192, rlim_max: 8192)
      _ = unsafe setrlimit(Int32(RLIMIT_FSIZE.rawValue), &limit)
      let object = try MemoryObject<ReadWrite>(anonymous: "limited")
      #expect(reason { try object.resize(to: 8193) } == .fileTooLarge)
      #expect(reason { try object.allocate(8193) } == .fileTooLarge)
      try object.resize(to: 8192)
      #expect(try object.status().size == 8192)
      var pending = sigset_t()
      _ = unsafe sigpending(&pending)
      #expect(unsafe sigismember(&pending, SIGXFSZ) == 0)
    }
  }

  @Test func `a mapped file is what others read`() throws {
    let scratch = try Scratch()
    let path = scratch.path.appending("file")
    let file = try MappedFile.ReadWriteObject(creating: path, permissions: .ownerReadWrite)
    try file.allocate(3)
    let memory = try file.map()
    let bytes: [UInt8] = [1, 2, 3]
    try memory.write(bytes.span)
    try memory.sync()
    #expect(try Data(contentsOf: URL(fileURLWithPath: path.string)) == Data(bytes))
    #expect(reason { try memory.sync(at: 1) } == .invalidArgument)
    #expect(reason { _ = try MappedFile.ReadWriteObject(creating: path, permissions: []) } == .fileExists)
  }

  @Test func `an error names the call, the object and what to do`() throws {
    let object = try scratchMemory(4096)
    let memory = try object.map()
    try object.resize(to: 0)
    do {
      _ = try memory.bytes(count: 1)
      Issue.record("a byte that is not there was read")
    } catch {
      #expect("\(error)".hasPrefix("process_vm_readv 'scratch': Bad address (EFAULT). The object is shorter"))
    }
  }
}
