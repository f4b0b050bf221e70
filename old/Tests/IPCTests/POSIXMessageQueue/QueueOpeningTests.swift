import Foundation
import IPC
import SystemPackage
import Testing

@Suite struct QueueOpeningTests {
  @Test func `creating is exclusive, opening creates nothing, and either is told apart`() throws {
    try withQueueName { name in
      #expect(reason { _ = try POSIXMessageQueue.Receiver(opening: name) } == .noSuchFileOrDirectory)
      let attributes = POSIXMessageQueue.Attributes(maximumMessages: 3, messageSize: 100)
      let first = try POSIXMessageQueue.Sender(creatingOrOpening: name, attributes, permissions: .ownerReadWrite)
      #expect(first.isNew == true)
      #expect(reason { _ = try POSIXMessageQueue.Duplex(scratch: name) } == .fileExists)
      let second = try POSIXMessageQueue.Receiver(creatingOrOpening: name, permissions: .ownerReadWrite)
      #expect(second.isNew == false)
      #expect(second.attributes == attributes)
      let third = try POSIXMessageQueue.Receiver(opening: name)
      #expect(third.isNew == false)
    }
  }

  @Test(arguments: [(0, 64), (4, 0), (-1, 64), (4, -1), (Int.max, Int.max)])
  func `attributes that no queue can have are refused`(messages: Int, size: Int) throws {
    try withQueueName { name in
      let attributes = POSIXMessageQueue.Attributes(maximumMessages: messages, messageSize: size)
      let errno = reason {
        _ = try POSIXMessageQueue.Sender(creating: name, attributes, permissions: .ownerReadWrite)
      }
      #expect(errno == .invalidArgument)
      #expect(reason { _ = try POSIXMessageQueue.Sender(opening: name) } == .noSuchFileOrDirectory)
    }
  }

  @Test func `permissions are exact unless the umask shall be obeyed`() async {
    // The umask is the whole process's, so a process of its own.
    await #expect(processExitsWith: .success) {
      umask(0o077)
      for (umask, expected) in [(Umask.overridden, 0o662), (.obeyed, 0o600)] as [(Umask, mode_t)] {
        try withQueueName { name in
          let queue = try POSIXMessageQueue.Sender(
            creating: name, permissions: FilePermissions(rawValue: 0o662), umask: umask)
          var status = stat()
          try #require(unsafe fstat(queue.descriptor.rawValue, &status) == 0)
          #expect(status.st_mode & 0o7777 == expected)
        }
      }
    }
  }

  @Test func `the descriptor is close-on-exec, and closed when its owner goes`() async {
    // In a process without other tests, which would take the number at once.
    await #expect(processExitsWith: .success) {
      try withQueueName { name in
        var descriptor: FileDescriptor
        do {
          let queue = try POSIXMessageQueue.Duplex(scratch: name)
          descriptor = queue.descriptor
          #expect(fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
        }
        #expect(fcntl(descriptor.rawValue, F_GETFD) == -1)
        descriptor = try POSIXMessageQueue.Duplex(opening: name).release()
        #expect(fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
        // As an inherited descriptor is.
        _ = fcntl(descriptor.rawValue, F_SETFD, 0)
        let adopted = try POSIXMessageQueue.Duplex(adopting: descriptor)
        #expect(fcntl(descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
        try adopted.close()
        #expect(fcntl(descriptor.rawValue, F_GETFD) == -1)
      }
    }
  }

  @Test func `what is no queue is not adopted, and stays open`() throws {
    let file = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
    #expect(reason { _ = try POSIXMessageQueue.Receiver(adopting: file) } == .badFileDescriptor)
    try file.close()
  }

  @Test func `a queue adopted for what it was not opened for is refused by the kernel`() throws {
    try withQueueName { name in
      let queue = try POSIXMessageQueue.Duplex(scratch: name)
      _ = try queue.send([])
      let receiver = try POSIXMessageQueue.Receiver(
        adopting: try POSIXMessageQueue.Sender(opening: name).release())
      var message: [UInt8] = []
      #expect(reason { _ = try receiver.receive(appendingTo: &message) } == .badFileDescriptor)
    }
  }

  @Test func `an unlinked queue serves those who have it open, and its name is free`() throws {
    try withQueueName { name in
      let old = try POSIXMessageQueue.Duplex(scratch: name)
      try name.unlink()
      let new = try POSIXMessageQueue.Duplex(scratch: name)
      #expect(new.isNew == true)
      #expect(try old.send([1]) == .sent)
      #expect(try old.status().messages == 1)
      #expect(try new.status().messages == 0)
    }
  }
}
