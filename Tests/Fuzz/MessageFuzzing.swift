import Foundation
import FuzzedC
import SystemPackage

@testable import IPC

/// Targets for messages from another process.
extension FuzzTarget {
  /// Receives arbitrary bytes through a channel.
  ///
  /// The library and `ipc_channel.h` must receive the same messages, fail with the same errors, and send the same bytes
  /// as each other.
  static let channel = FuzzTarget(name: "channel") { input in
    var ingredients = Ingredients(input)
    let limit = UInt32(ingredients.byte()) << (ingredients.byte() % 16)
    let stream = Array(ingredients.rest)

    var receiver = MessageChannel.Receiver(PartialReads(stream), maximumLength: limit)
    var messages: [[UInt8]] = []
    var message: [UInt8] = []
    var reason: Int32 = 0
    do throws(IPCError) {
      while let length = try receiver.receive(into: &message) {
        messages.append(message)
        if message.count != length { reason = -1 }
      }
    } catch { reason = error.errno.rawValue }
    let source = receiver.release()
    // An array doubles its capacity when it grows, and the channel may fill the whole capacity.
    try demand(source.largestRoom <= 8192 + 4 * stream.count, "room for \(source.largestRoom) bytes was allocated")

    let file = try MemoryObject.anonymous("stream")
    _ = try file.descriptor.writeAll(toAbsoluteOffset: 0, stream)
    var lengths = [UInt32](repeating: 0, count: stream.count / 4 + 1)
    // After the received messages, C may store part of the next message, up to `limit` bytes.
    var bytes = [UInt8](repeating: 0, count: stream.count + Int(limit))
    var reasonInC: Int32 = 0
    let count = unsafe fuzzed_channel(
      file.descriptor.rawValue, limit, &lengths, lengths.count, &bytes, &reasonInC)

    try demand(
      reason == reasonInC, "Swift ends with \(Errno(rawValue: reason)), C with \(Errno(rawValue: reasonInC))")
    try demand(messages.map(\.count) == lengths.prefix(count).map { Int($0) }, "the lengths differ from C")
    try demand(
      messages.flatMap(\.self).elementsEqual(bytes.prefix(messages.reduce(0) { $0 + $1.count })),
      "the bytes differ from C")
    try checkSending(messages + [stream], limit)
  }

  /// Sends messages in Swift and in C.
  ///
  /// The last message may exceed the limit.
  private static func checkSending(_ messages: [[UInt8]], _ limit: UInt32) throws {
    var sender = MessageChannel.Sender(PartialWrites(), maximumLength: limit)
    var (count, reason) = (0, Int32(0))
    do throws(IPCError) {
      for message in messages {
        try sender.send(message.span)
        count += 1
      }
    } catch { reason = error.errno.rawValue }
    let sent = sender.release().bytes

    let file = try MemoryObject.anonymous("stream")
    var reasonInC: Int32 = 0
    let countInC = unsafe fuzzed_channel_send(
      file.descriptor.rawValue, limit, messages.map { UInt32($0.count) }, messages.count, messages.flatMap(\.self),
      &reasonInC)
    var sentInC = [UInt8](repeating: 0, count: sent.count + 1)
    let length = unsafe try sentInC.withUnsafeMutableBytes {
      unsafe try file.descriptor.read(fromAbsoluteOffset: 0, into: $0)
    }
    try demand(
      (count, reason) == (countInC, reasonInC), "sent \(count), \(reason), in C \(countInC), \(reasonInC)")
    try demand(sent == Array(sentInC.prefix(length)), "the sent bytes differ from C")
  }

  /// Receives messages that carry descriptors and credentials, with any capacity and flags.
  ///
  /// No descriptor may stay open.
  static let ancillary = FuzzTarget(name: "ancillary") { input in
    var ingredients = Ingredients(input)
    let pair = try UnixSocket.Pair<UnixSocket.SequencedPacketStyle>()
    try exchange(&ingredients, pair.first, pair.second)
    let open = try openDescriptors { [own = link(of: pair.first.descriptor.rawValue)] _, link in link == own }
    try demand(open == 1, "\(open - 1) received descriptors are still open")
    // Other tests in this process can have a few pidfds open.
    let pidFDs = try openDescriptors { number, _ in
      let facts = try? String(contentsOfFile: "/proc/self/fdinfo/\(number)", encoding: .utf8)
      return facts?.contains("\nPid:\t\(getpid())\n") == true
    }
    try demand(pidFDs < 8, "\(pidFDs) received pidfds are still open")
  }

  private static func exchange(
    _ ingredients: inout Ingredients, _ sender: borrowing UnixSocket.SequencedPacket,
    _ receiver: borrowing UnixSocket.SequencedPacket
  ) throws {
    var ancillary = AncillaryData()
    var bytes: [UInt8] = []
    for _ in 0..<8 where !ingredients.rest.isEmpty {
      let (options, count, room) = (ingredients.byte(), ingredients.byte(), ingredients.byte())
      // SO_PASSCRED, SO_TIMESTAMP and SO_PASSPIDFD. The process that passes a socket can have set any option on it.
      for (bit, option) in [Int32(16), 29, 76].enumerated() {
        var value: Int32 = options >> bit & 1 == 1 ? 1 : 0
        _ = unsafe setsockopt(receiver.descriptor.rawValue, SOL_SOCKET, option, &value, 4)
      }
      let message = ingredients.bytes(Int(options >> 3))
      let descriptors = [FileDescriptor](repeating: sender.descriptor, count: Int(count))
      try? sender.send(message.span, descriptors: descriptors.span, timeout: .immediate)
      bytes.removeAll()
      if options & 128 != 0 {
        _ = try? receiver.receive(maxLength: Int(room), appendingTo: &bytes, timeout: .immediate)
      } else {
        // If the number is even, the value is reused, and still contains the descriptors from the previous message.
        if room % 2 == 1 { ancillary = AncillaryData(maximumDescriptors: Int(room / 2)) }
        _ = try? receiver.receive(
          maxLength: 16, appendingTo: &bytes, ancillary: &ancillary, peeking: options & 64 != 0, timeout: .immediate)
        try demand(ancillary.descriptorCount <= ancillary.maximumDescriptors, "too many descriptors were kept")
      }
      if room % 2 == 0, let taken = ancillary.takeDescriptor() { try taken.close() }
    }
  }

  /// Returns the number of this process's open descriptors that satisfy `isCounted`.
  private static func openDescriptors(_ isCounted: (Int32, String?) -> Bool) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
      .count { isCounted($0, link(of: $0)) }
  }

  private static func link(of descriptor: Int32) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
  }
}

/// A stream that accepts at most seven bytes per call, and stores them.
private struct PartialWrites: WritableStream {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ bytes: RawSpan, timeout: Timeout, retryOnInterrupt: Bool) throws(IPCError) -> Int {
    let piece = bytes.extracting(first: 7)
    unsafe piece.withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
    return piece.byteCount
  }
}

/// A stream that returns at most seven bytes per call.
private struct PartialReads: ReadableStream {
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
