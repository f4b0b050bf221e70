import Foundation
import FuzzedC
import SystemPackage

@testable import IPC

/// What other processes send, or write into memory that is shared with them.
extension FuzzTarget {
  /// Names and addresses as users type them. What is taken is written as it was meant.
  static let names = FuzzTarget(name: "names") { input in
    let text = String(decoding: input, as: UTF8.self)
    if let name = POSIXMessageQueue.Name(text) { try demand("\(name)" == text, "the queue \(name)") }
    if let name = POSIXSharedMemory.Name(text) { try demand("\(name)" == text, "the memory \(name)") }
    if let name = POSIXSemaphore.Name(text) { try demand("\(name)" == text, "the semaphore \(name)") }
    if let address = IPAddress(text), "\(address)".contains("%") == text.contains("%") {
      try demand(IPAddress("\(address)") == address, "the address \(address)")
    }
    if let address = SocketAddress(text) {
      try demand(SocketAddress("\(address)") == address, "the address \(address)")
    }
    _ = SystemVKey(text)
    if let address = try? UnixSocket.Address(path: FilePath(text)) {
      try demand(address.path == FilePath(text), "the path \(address)")
    }
    if let address = try? UnixSocket.Address(abstract: input) {
      try demand(address.abstractName == input, "the abstract name \(address)")
    }
  }

  /// Any bytes as a stream of messages: the library and the C header read the same messages.
  static let channel = FuzzTarget(name: "channel") { input in
    var ingredients = Ingredients(input)
    let limit = UInt32(ingredients.byte()) << (ingredients.byte() % 16)
    let stream = Array(ingredients.rest)

    var receiver = MessageChannel.Receiver(Pieces(stream), maximumLength: limit)
    var ours: [[UInt8]] = []
    var message: [UInt8] = []
    var reason: Int32 = 0
    do throws(IPCError) {
      while try receiver.receive(into: &message) != nil { ours.append(message) }
    } catch { reason = error.errno.rawValue }
    let source = receiver.release()
    // An array doubles, and then uses what it was given beyond that.
    try demand(source.largestRoom <= 8192 + 4 * stream.count, "memory for \(source.largestRoom) bytes was allocated")

    let file = try MemoryObject<ReadWriteAccess>(anonymous: "stream")
    _ = try file.descriptor.writeAll(toAbsoluteOffset: 0, stream)
    var lengths = [UInt32](repeating: 0, count: stream.count / 4 + 1)
    // Room for the longest message behind the last one.
    var bytes = [UInt8](repeating: 0, count: stream.count + Int(limit))
    var theirReason: Int32 = 0
    let count = unsafe fuzzed_channel(
      file.descriptor.rawValue, limit, &lengths, lengths.count, &bytes, &theirReason)

    try demand(
      reason == theirReason, "Swift ends with \(Errno(rawValue: reason)), C with \(Errno(rawValue: theirReason))")
    try demand(ours.map(\.count) == lengths.prefix(count).map { Int($0) }, "other lengths than in C")
    try demand(
      ours.flatMap(\.self).elementsEqual(bytes.prefix(ours.reduce(0) { $0 + $1.count })), "other bytes than in C")
    try checkSending(ours + [stream], limit)
  }

  /// Messages, also one above the limit, become the same stream in Swift and in C.
  private static func checkSending(_ messages: [[UInt8]], _ limit: UInt32) throws {
    var sender = MessageChannel.Sender(Gathered(), maximumLength: limit)
    var (count, reason) = (0, Int32(0))
    do throws(IPCError) {
      for message in messages {
        try sender.send(message.span)
        count += 1
      }
    } catch { reason = error.errno.rawValue }
    let ours = sender.release().bytes

    let file = try MemoryObject<ReadWriteAccess>(anonymous: "stream")
    var theirReason: Int32 = 0
    let theirCount = unsafe fuzzed_channel_send(
      file.descriptor.rawValue, limit, messages.map { UInt32($0.count) }, messages.count, messages.flatMap(\.self),
      &theirReason)
    var theirs = [UInt8](repeating: 0, count: ours.count + 1)
    let length = unsafe try theirs.withUnsafeMutableBytes {
      unsafe try file.descriptor.read(fromAbsoluteOffset: 0, into: $0)
    }
    try demand(
      (count, reason) == (theirCount, theirReason), "sent \(count), \(reason), in C \(theirCount), \(theirReason)")
    try demand(ours == Array(theirs.prefix(length)), "another stream than in C")
  }

  /// Messages with descriptors and credentials, received with whatever room and flags: no descriptor is left over.
  static let enclosures = FuzzTarget(name: "enclosures") { input in
    var ingredients = Ingredients(input)
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    try exchange(&ingredients, pair.first, pair.second)
    let held = try openDescriptors { [own = link(of: pair.first.descriptor.rawValue)] _, link in link == own }
    try demand(held == 1, "\(held - 1) descriptors are left over")
    // Other tests of this process may just have one, but not many.
    let processes = try openDescriptors { number, _ in
      let facts = try? String(contentsOfFile: "/proc/self/fdinfo/\(number)", encoding: .utf8)
      return facts?.contains("\nPid:\t\(getpid())\n") == true
    }
    try demand(processes < 8, "\(processes) process descriptors are left over")
  }

  private static func exchange(
    _ ingredients: inout Ingredients, _ sender: borrowing UnixSocket.End<UnixSocket.SequencedPacketStyle>,
    _ receiver: borrowing UnixSocket.End<UnixSocket.SequencedPacketStyle>
  ) throws {
    var enclosure = UnixSocket.Enclosure()
    var bytes: [UInt8] = []
    for _ in 0..<8 where !ingredients.rest.isEmpty {
      let (options, count, room) = (ingredients.byte(), ingredients.byte(), ingredients.byte())
      // SO_PASSCRED, SO_TIMESTAMP and SO_PASSPIDFD: whoever hands a socket over has set what it likes.
      for (bit, option) in [Int32(16), 29, 76].enumerated() {
        var value: Int32 = options >> bit & 1 == 1 ? 1 : 0
        _ = unsafe setsockopt(receiver.descriptor.rawValue, SOL_SOCKET, option, &value, 4)
      }
      let message = ingredients.bytes(Int(options >> 3))
      let descriptors = [FileDescriptor](repeating: sender.descriptor, count: Int(count))
      _ = try? sender.send(
        unsafe message.span.bytes, enclosing: descriptors.span, patience: .none)
      bytes.removeAll()
      if options & 128 != 0 {
        _ = try? receiver.receive(atMost: Int(room), appendingTo: &bytes, patience: .none)
      } else {
        _ = try? receiver.receive(
          atMost: 16, appendingTo: &bytes, enclosure: &enclosure, room: Int(room), peeking: options & 64 != 0,
          patience: .none)
      }
      if room % 2 == 0, let taken = enclosure.takeDescriptor() { try taken.close() }
    }
  }

  /// How many of the descriptors of this process are of a kind.
  private static func openDescriptors(_ isCounted: (Int32, String?) -> Bool) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
      .count { isCounted($0, link(of: $0)) }
  }

  private static func link(of descriptor: Int32) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
  }
}

/// A sink that collects the bytes, at most seven at a time.
private struct Gathered: WritableStream {
  private(set) var bytes: [UInt8] = []

  mutating func write(
    _ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    let piece = bytes.extracting(first: 7)
    unsafe piece.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
    return piece.byteCount
  }
}

/// A source that yields at most seven bytes at a time.
private struct Pieces: ReadableStream {
  private var bytes: ArraySlice<UInt8>
  private(set) var largestRoom = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  mutating func read(
    into room: inout OutputRawSpan, timeout: Timeout, retryOnInterrupt: Bool
  ) throws(IPCError) -> Int {
    largestRoom = max(largestRoom, room.freeCapacity)
    let piece = bytes.prefix(min(7, room.freeCapacity))
    for byte in piece { room.append(byte) }
    bytes = bytes.dropFirst(piece.count)
    return piece.count
  }
}
