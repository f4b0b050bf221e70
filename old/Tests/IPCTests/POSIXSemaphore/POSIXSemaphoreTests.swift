import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct POSIXSemaphoreTests {
  /// Lends `body` a name that no other test, and no other run, uses, and removes it on every path.
  private func withName(_ body: (POSIXSemaphore.Name) throws -> Void) throws {
    let name = try POSIXSemaphore.Name(validating: "/ipc-test-\(UUID())")
    defer { try? name.unlink() }
    try body(name)
  }

  @Test(arguments: ["", "/", "x", "//x", "/a/b", "/a\0b", "/" + String(repeating: "x", count: 252)])
  func whatIsNoNameIsRefused(_ text: String) {
    #expect(POSIXSemaphore.Name(text) == nil)
  }

  @Test(arguments: ["/x", "/.", "/ü", "/" + String(repeating: "x", count: 251)])
  func whatIsANameIsTaken(_ text: String) {
    #expect(POSIXSemaphore.Name(text)?.description == text)
  }

  @Test func itIsCountedUpAndDown() throws {
    try withName { name in
      let semaphore = try POSIXSemaphore(creating: name, value: 1, permissions: .ownerReadWrite)
      let isNew = semaphore.isNew
      #expect(isNew)
      #expect(try semaphore.wait(patience: .none) == .taken)
      #expect(try semaphore.wait(patience: .none) == .wouldBlock)
      #expect(try semaphore.wait(patience: .atMost(.milliseconds(5))) == .timedOut)
      try semaphore.post()
      #expect(try semaphore.value() == 1)
      #expect(try semaphore.wait(patience: .atMost(.seconds(-1))) == .taken)
    }
  }

  @Test func openedTwiceItIsTheSame() throws {
    try withName { name in
      let one = try POSIXSemaphore(creatingOrOpening: name, value: 3, permissions: .ownerReadWrite)
      let other = try POSIXSemaphore(creatingOrOpening: name, value: 9, permissions: .ownerReadWrite)
      let isOneAndNew = one.isNew && !other.isNew && one.isSame(as: other)
      #expect(isOneAndNew)
      try one.close()
      #expect(try other.value() == 3)
    }
  }

  @Test func aValueBeyondTheLimitIsRefused() throws {
    try withName { name in
      #expect(throws: IPCError(call: "sem_open", errno: .invalidArgument, object: .name("\(name)"))) {
        _ = try POSIXSemaphore(
          creating: name, value: POSIXSemaphore.maximumValue + 1, permissions: .ownerReadWrite
        ).isNew
      }
    }
  }

  @Test func inSharedMemoryItOutlivesWhoMadeIt() throws {
    let segment = try SystemVSharedMemory.create(.private, size: 4096, permissions: .ownerReadWrite)
    defer { try? segment.remove() }
    do {
      let semaphore = try POSIXSemaphore(making: 2, in: SharedRegion(try segment.attach()), at: 64)
      #expect(try semaphore.wait(patience: .none) == .taken)
    }
    let semaphore = try POSIXSemaphore(in: SharedRegion(try segment.attach()), at: 64)
    #expect(try semaphore.value() == 1)
    try semaphore.destroy()
  }

  @Test(arguments: [-8, 4, 4072, 4096, .max])
  func outsideOrAskewThereIsNoPlace(_ offset: Int) throws {
    let segment = try SystemVSharedMemory.create(.private, size: 4096, permissions: .ownerReadWrite)
    defer { try? segment.remove() }
    let region = SharedRegion(try segment.attach())
    #expect(throws: IPCError.self) { _ = try POSIXSemaphore(making: 0, in: region, at: offset).isNew }
  }

  @Test func aSignalPostsItUntilThatIsEnded() async {
    await #expect(processExitsWith: .success) {
      let name = try POSIXSemaphore.Name(validating: "/ipc-test-\(UUID())")
      defer { try? name.unlink() }
      let handled = try POSIXSemaphore(creating: name, value: 0, permissions: .ownerReadWrite)
      let semaphore = try POSIXSemaphore(opening: name)
      // The threads that tests run in have it blocked. Without a handler it is ignored.
      var signals = sigset_t()
      _ = unsafe sigaddset(&signals, SIGURG)
      _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      let posting = try handled.post(onSignal: SIGURG)
      for count in 1...3 {
        raise(SIGURG)
        #expect(try semaphore.value() == count)
      }
      posting.end()
      raise(SIGURG)
      #expect(try semaphore.value() == 3)
    }
  }

  @Test func endingAnOlderPostingLeavesTheNewer() async {
    await #expect(processExitsWith: .success) {
      let name = try POSIXSemaphore.Name(validating: "/ipc-test-\(UUID())")
      let semaphore = try POSIXSemaphore(creating: name, value: 0, permissions: .ownerReadWrite)
      defer { try? name.unlink() }
      var signals = sigset_t()
      _ = unsafe sigaddset(&signals, SIGUSR1)
      _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      // Opened twice in a process, it is one semaphore at one address.
      let older = try POSIXSemaphore(opening: name).post(onSignal: SIGUSR1)
      let newer = try POSIXSemaphore(opening: name).post(onSignal: SIGUSR1)
      older.end()
      raise(SIGUSR1)
      #expect(try semaphore.value() == 1)
      newer.end()
    }
  }

  @Test func whatSomebodyWroteOverIsNoSemaphoreAnyMore() throws {
    let memory = try scratchMemory(4096)
    let mapping = try memory.map()
    let semaphore = try POSIXSemaphore(making: 1, in: SharedRegion(try mapping.mapAgain()), at: 0)
    let bytes = [UInt8](repeating: 0xFF, count: POSIXSemaphore.size)
    try mapping.write(bytes.span, at: 0)
    #expect(throws: IPCError(call: "sem_getvalue", errno: .invalidArgument)) { _ = try semaphore.value() }
  }

  @Test(arguments: [SIGKILL, SIGSTOP, 0, -1])
  func whatCannotBeHandledPostsNothing(_ signal: Int32) throws {
    try withName { name in
      let semaphore = try POSIXSemaphore(creating: name, value: 0, permissions: .ownerReadWrite)
      #expect(reason { try POSIXSemaphore(opening: name).post(onSignal: signal).end() } == .invalidArgument)
      #expect(try semaphore.value() == 0)
    }
  }
}
