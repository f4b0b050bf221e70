import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct POSIXSemaphoreTests {
  @Test(arguments: ["", "/", "x", "//x", "/a/b", "/."] as [POSIXName])
  func `An invalid name is refused, and the error shows a valid one`(_ name: POSIXName) {
    for error in [
      failure { _ = try POSIXSemaphore.open(name) }, failure { _ = try POSIXSemaphore.create(name, value: 0) },
      failure { try POSIXSemaphore.unlink(name) },
    ] {
      #expect(error?.errno == .invalidArgument)
      #expect(error?.description.contains("such as '/jobs'") == true)
    }
  }

  @Test func `A name has at most 251 bytes after its slash, of any value`() throws {
    for bytes in [Array("/ü".utf8), [0x2f] + [UInt8](repeating: 0xfe, count: 251)] {
      let name = POSIXName(bytes: bytes)
      try POSIXSemaphore.create(name, value: 3).close()
      #expect(try POSIXSemaphore.open(name).value == 3)
      try POSIXSemaphore.unlink(name)
    }
    let long = POSIXName("/" + String(repeating: "x", count: 252))
    #expect(reason { _ = try POSIXSemaphore.open(long) } == .fileNameTooLong)
  }

  @Test func `A semaphore counts up and down`() throws {
    try withSemaphoreName { name in
      let semaphore = try POSIXSemaphore.create(name, value: 1)
      let isNew = semaphore.isNew
      #expect(isNew)
      #expect(try semaphore.tryWait())
      #expect(try !semaphore.tryWait())
      #expect(
        failure { try semaphore.wait(timeout: .immediate) } == IPCError(.semTryWait, .wouldBlock, on: .name(name)))
      let start = ContinuousClock.now
      let expired = failure { try semaphore.wait(timeout: .after(.milliseconds(5))) }
      #expect(expired == IPCError(.semClockWait, .timedOut, on: .name(name)))
      #expect(start.duration(to: .now) >= .milliseconds(5))
      try semaphore.post()
      #expect(try semaphore.value == 1)
      try semaphore.wait(timeout: .after(.seconds(-1)))
      #expect(try semaphore.value == 0)
    }
  }

  @Test func `A name that is opened twice is the same semaphore`() throws {
    try withSemaphoreName { name in
      let one = try POSIXSemaphore.createOrOpen(name, value: 3)
      let other = try POSIXSemaphore.createOrOpen(name, value: 9)
      let isOneAndNew = one.isNew && !other.isNew && one.isSame(as: other)
      #expect(isOneAndNew)
      try one.close()
      #expect(try other.value == 3)
    }
  }

  @Test func `A value above the maximum is refused, and leaves nothing behind`() throws {
    try withSemaphoreName { name in
      let error = failure { _ = try POSIXSemaphore.create(name, value: POSIXSemaphore.maximumValue + 1) }
      #expect(error == IPCError(.semOpen, .invalidArgument, on: .name(name)))
      #expect(error?.description.contains("2147483647") == true)
      #expect(reason { _ = try POSIXSemaphore.open(name) } == .noSuchFileOrDirectory)
    }
  }

  @Test func `A semaphore in shared memory outlives the process that created it`() throws {
    let object = try scratchMemory(4096)
    do {
      let semaphore = try POSIXSemaphore.create(in: SharedRegion(try object.map()), at: 64, value: 2)
      try semaphore.wait(timeout: .immediate)
    }
    let semaphore = try POSIXSemaphore.open(in: SharedRegion(try object.map()), at: 64)
    #expect(try semaphore.value == 1)
    try semaphore.destroy()
  }

  @Test(arguments: [-8, 4, 4072, 4096, .max])
  func `A semaphore must be inside the region, at a multiple of 8`(_ offset: Int) throws {
    let region = SharedRegion(try scratchMemory(4096).map())
    let expected: Errno = offset == 4 ? .invalidArgument : .badAddress
    #expect(reason { _ = try POSIXSemaphore.create(in: region, at: offset, value: 0) } == expected)
    #expect(reason { _ = try POSIXSemaphore.open(in: region, at: offset) } == expected)
  }

  @Test func `A signal posts a semaphore until the registration is cancelled`() async {
    await #expect(processExitsWith: .success) {
      try withSemaphoreName { name in
        let handled = try POSIXSemaphore.create(name, value: 0)
        let semaphore = try POSIXSemaphore.open(name)
        // The test threads block the signal, and without a handler, the process ignores it.
        var signals = sigset_t()
        _ = unsafe sigaddset(&signals, SIGURG)
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let registration = try handled.post(onSignal: SIGURG)
        for count in 1...3 {
          raise(SIGURG)
          #expect(try semaphore.value == count)
        }
        registration.cancel()
        raise(SIGURG)
        #expect(try semaphore.value == 3)
      }
    }
  }

  @Test func `Cancelling an older registration keeps the newer one`() async {
    await #expect(processExitsWith: .success) {
      try withSemaphoreName { name in
        let semaphore = try POSIXSemaphore.create(name, value: 0)
        var signals = sigset_t()
        _ = unsafe sigaddset(&signals, SIGUSR1)
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let older = try POSIXSemaphore.open(name).post(onSignal: SIGUSR1)
        let newer = try POSIXSemaphore.open(name).post(onSignal: SIGUSR1)
        older.cancel()
        raise(SIGUSR1)
        #expect(try semaphore.value == 1)
        newer.cancel()
      }
    }
  }

  /// Without the wait for running handlers, a handler uses a semaphore that has been unmapped.
  @Test func `A registration ends while other threads handle the signal`() async {
    await #expect(processExitsWith: .success) {
      let senders = (0..<2).map { _ in
        Thread {
          var signals = sigset_t()
          _ = unsafe sigaddset(&signals, SIGURG)
          _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
          while !Thread.current.isCancelled { raise(SIGURG) }
        }
      }
      for sender in senders { sender.start() }
      for _ in 0..<2000 {
        let region = try SharedRegion(size: 4096)
        let older = try POSIXSemaphore.create(in: region, at: 0, value: 0).post(onSignal: SIGURG)
        let newer = try POSIXSemaphore.create(in: region, at: 64, value: 0).post(onSignal: SIGURG)
        older.cancel()
        newer.cancel()
      }
      for sender in senders { sender.cancel() }
    }
  }

  @Test func `A semaphore that was overwritten is an error`() throws {
    let region = SharedRegion(try scratchMemory(4096).map())
    let semaphore = try POSIXSemaphore.create(in: region, at: 0, value: 1)
    try region.copy([UInt8](repeating: 0xFF, count: POSIXSemaphore.size).span)
    let error = failure { _ = try semaphore.value }
    #expect(error == IPCError(.semGetValue, .invalidArgument, on: .label("scratch")))
  }

  @Test(arguments: [SIGKILL, SIGSTOP, 0, -1])
  func `A signal that cannot be handled is refused`(_ signal: Int32) throws {
    try withSemaphoreName { name in
      let semaphore = try POSIXSemaphore.create(name, value: 0)
      #expect(reason { try POSIXSemaphore.open(name).post(onSignal: signal).cancel() } == .invalidArgument)
      #expect(try semaphore.value == 0)
    }
  }

  @Test(arguments: [0, 16, 31])
  func `A file that is too short for a semaphore of 64 bits is refused`(_ size: Int) throws {
    try withSemaphoreName { name in
      // A 32-bit glibc stores the value in the first of four words, and the number of waiting threads in the last.
      let path = FilePath("/dev/shm/sem.\(name.description.dropFirst())")
      let file = try FileDescriptor.open(path, .readWrite, options: [.create], permissions: [.ownerReadWrite])
      _ = try file.closeAfter { try file.writeAll([10] + [UInt8](repeating: 0, count: size)) }
      try #require(unsafe truncate(path.string, size) == 0)
      let error = failure { _ = try POSIXSemaphore.open(name) }
      #expect(error?.errno == .protocolNotSupported)
      #expect(error?.description.contains("64-bit") == true)
      #expect(reason { _ = try POSIXSemaphore.createOrOpen(name, value: 1) } == .protocolNotSupported)
    }
  }
}

/// Tests for names that other processes create and remove at the same time.
@Suite struct POSIXSemaphoreRaceTests {
  @Test func `Permissions are exact unless the umask is applied`() async {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      for (applyUmask, expected) in [(false, 0o666), (true, 0o600)] as [(Bool, mode_t)] {
        try withSemaphoreName { name in
          _ = try POSIXSemaphore.create(
            name, value: 0, permissions: FilePermissions(rawValue: 0o666), applyUmask: applyUmask)
          var status = stat()
          #expect(unsafe stat("/dev/shm/sem.\(name.description.dropFirst())", &status) == 0)
          #expect(status.st_mode & 0o777 == expected)
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1))) func `The permissions of another process's semaphore do not change`() async {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      try withSemaphoreName { name in
        let path = "/dev/shm/sem.\(name.description.dropFirst())"
        try whileRacing {
          _ = try? POSIXSemaphore.create(name, value: 0, permissions: FilePermissions(rawValue: 0o666))
          try? POSIXSemaphore.unlink(name)
        } _: {
          // Create the file directly, as another process would.
          var created = 0
          while created < 3000 {
            let file = unsafe open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
            guard file != -1 else { continue }
            created += 1
            _ = ftruncate(file, 32)
            var status = stat()
            for _ in 0..<20 where status.st_mode & 0o077 == 0 { try #require(unsafe fstat(file, &status) == 0) }
            #expect(status.st_mode & 0o777 == 0o600)
            close(file)
            if status.st_mode & 0o777 != 0o600 { break }
            _ = unsafe unlink(path)
          }
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1))) func `createOrOpen succeeds while another process removes the name`() async {
    await #expect(processExitsWith: .success) {
      umask(0o077)
      try withSemaphoreName { name in
        let permissions = FilePermissions(rawValue: 0o666)
        try whileRacing {
          try? POSIXSemaphore.unlink(name)
        } _: {
          for _ in 0..<1000 { try POSIXSemaphore.createOrOpen(name, value: 1, permissions: permissions).close() }
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `createOrOpen succeeds while another process creates and removes the name`() throws {
    try withSemaphoreName { name in
      try whileRacing {
        try? POSIXSemaphore.create(name, value: 1).close()
        try? POSIXSemaphore.unlink(name)
      } _: {
        for _ in 0..<1000 { try POSIXSemaphore.createOrOpen(name, value: 1).close() }
      }
    }
  }
}
