import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct POSIXMessageQueueTests {
  @Test func `Creating is exclusive, opening does not create, and isNew reports which happened`() throws {
    try withQueueName { name in
      #expect(reason { _ = try POSIXMessageQueue.Receiver.open(name) } == .noSuchFileOrDirectory)
      let attributes = POSIXMessageQueue.Attributes(maximumMessages: 3, maximumMessageSize: 100)
      let first = try POSIXMessageQueue.Sender.createOrOpen(name, attributes: attributes)
      #expect(first.isNew == true)
      #expect(reason { _ = try POSIXMessageQueue.Duplex.scratch(name) } == .fileExists)
      let second = try POSIXMessageQueue.Receiver.createOrOpen(name)
      #expect(second.isNew == false)
      #expect(second.attributes == attributes)
      let third = try POSIXMessageQueue.Receiver.open(name)
      #expect(third.isNew == false)
    }
  }

  @Test(arguments: [(0, 64), (4, 0), (-1, 64), (4, -1), (Int.max, Int.max)])
  func `Impossible attributes of a queue are refused`(messages: Int, size: Int) throws {
    try withQueueName { name in
      let attributes = POSIXMessageQueue.Attributes(maximumMessages: messages, maximumMessageSize: size)
      let error = failure { _ = try POSIXMessageQueue.Sender.create(name, attributes: attributes) }
      #expect(error?.errno == .invalidArgument)
      #expect(error?.description.contains("msgsize_max") == true)
      #expect(reason { _ = try POSIXMessageQueue.Sender.open(name) } == .noSuchFileOrDirectory)
    }
  }

  @Test func `Permissions are exact unless the umask is applied`() async {
    // The umask applies to the whole process, so this test runs in a separate process.
    await #expect(processExitsWith: .success) {
      umask(0o077)
      for (applyUmask, expected) in [(false, 0o662), (true, 0o600)] as [(Bool, mode_t)] {
        try withQueueName { name in
          let queue = try POSIXMessageQueue.Sender.create(
            name, permissions: FilePermissions(rawValue: 0o662), applyUmask: applyUmask)
          var status = stat()
          try #require(unsafe fstat(queue.descriptor.rawValue, &status) == 0)
          #expect(status.st_mode & 0o7777 == expected)
        }
      }
    }
  }

  @Test func `The descriptor is close-on-exec, and closed when its owner is destroyed`() async {
    // If other tests ran in the same process, another descriptor could immediately get the same number.
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        var descriptor: FileDescriptor
        do {
          let queue = try POSIXMessageQueue.Duplex.scratch(name)
          descriptor = queue.descriptor
          #expect(isCloseOnExec(descriptor.rawValue) == true)
        }
        #expect(isCloseOnExec(descriptor.rawValue) == nil)
        descriptor = try POSIXMessageQueue.Duplex.open(name).release()
        #expect(isCloseOnExec(descriptor.rawValue) == true)
        // An inherited descriptor is not close-on-exec.
        _ = fcntl(descriptor.rawValue, F_SETFD, 0)
        let adopted = try POSIXMessageQueue.Duplex(adopting: descriptor)
        #expect(isCloseOnExec(descriptor.rawValue) == true)
        try adopted.close()
        #expect(isCloseOnExec(descriptor.rawValue) == nil)
      }
    }
  }

  @Test func `A descriptor that is not a queue is not adopted, and stays open`() throws {
    let file = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
    #expect(reason { _ = try POSIXMessageQueue.Receiver(adopting: file) } == .badFileDescriptor)
    try file.close()
  }

  @Test func `The kernel rejects calls that a queue was not opened for`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex.scratch(name)
      try queue.send([])
      let receiver = try POSIXMessageQueue.Receiver(
        adopting: try POSIXMessageQueue.Sender.open(name).release())
      #expect(reason { _ = try receiver.receive() } == .badFileDescriptor)
    }
  }

  @Test func `An unlinked queue stays for the processes that have it open, and its name is free`() throws {
    try withQueueName { name in
      let old = try POSIXMessageQueue.Duplex.scratch(name)
      try POSIXMessageQueue.unlink(name)
      let new = try POSIXMessageQueue.Duplex.scratch(name)
      #expect(new.isNew == true)
      try old.send([1])
      #expect(try old.status().messageCount == 1)
      #expect(try new.status().messageCount == 0)
    }
  }

  @Test func `createOrOpen never reports a queue that another process has just removed`() async throws {
    try await withQueueName { (name) async throws in
      let failures = try await racing {
        _ = try? POSIXMessageQueue.Duplex.create(name)
        try? POSIXMessageQueue.unlink(name)
      } _: {
        (0..<5000).compactMap { _ in reason { _ = try POSIXMessageQueue.Duplex.createOrOpen(name) } }
      }
      #expect(failures.isEmpty)
    }
  }
}

@Suite struct POSIXMessageQueueNameTests {
  @Test(arguments: ["/a", "/.b", "/...", "/ü"])
  func `A name of a slash and 255 other bytes is accepted`(start: String) throws {
    let unique = start + UUID().uuidString
    let name = POSIXName(unique + String(repeating: "x", count: 256 - unique.utf8.count))
    _ = try POSIXMessageQueue.Sender.create(name)
    try POSIXMessageQueue.unlink(name)
  }

  @Test func `A name need not be UTF-8`() throws {
    let bytes = Array("/ipc-test-\(UUID())-".utf8) + [0xFF, 0xFE]
    let queue = try POSIXMessageQueue.Duplex.create(POSIXName(bytes: bytes))
    defer { try? POSIXMessageQueue.unlink(POSIXName(bytes: bytes)) }
    try queue.send([7])
    #expect(try POSIXMessageQueue.Receiver.open(POSIXName(bytes: bytes)).receive() == [7])
    let replaced = POSIXName(String(decoding: bytes, as: UTF8.self))
    #expect(reason { _ = try POSIXMessageQueue.Receiver.open(replaced) } == .noSuchFileOrDirectory)
  }

  @Test(
    arguments: [
      ("", .invalidArgument), ("jobs", .invalidArgument), ("/", .noSuchFileOrDirectory), ("/a/b", .permissionDenied),
      ("//", .permissionDenied), ("/.", .permissionDenied), ("/..", .permissionDenied),
      ("/" + String(repeating: "x", count: 256), .fileNameTooLong),
    ] as [(String, Errno)])
  func `Other names are refused with the errno of the kernel, and advice`(text: String, errno: Errno) {
    let error = failure { _ = try POSIXMessageQueue.Receiver.open(POSIXName(text)) }
    #expect(error?.errno == errno)
    #expect(error?.call == .mqOpen)
    #expect(error?.description.hasSuffix("such as '/jobs'") == true)
  }

  @Test func `Unlinking a queue that does not exist fails`() throws {
    try withQueueName { name in
      let error = failure { try POSIXMessageQueue.unlink(name) }
      #expect(error == IPCError(.mqUnlink, .noSuchFileOrDirectory, on: .name(name)))
      #expect(error?.description.contains("such as") == false)
    }
  }
}
