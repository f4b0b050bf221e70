internal import CIPC
internal import Glibc
public import SystemPackage

extension UnixSocket {
  /// Who a process is, as the kernel vouches for it.
  public struct Credentials: Hashable, Sendable {
    /// The number of the process. By the time that it is read, another may have it: ``UnixSocket/End/peerProcess()``.
    public let process: Int32
    public let user: UInt32
    public let group: UInt32

    public init(process: Int32, user: UInt32, group: UInt32) {
      self.process = process
      self.user = user
      self.group = group
    }

    /// This process, with the user and the group that it acts as.
    public static var own: Credentials { Credentials(process: getpid(), user: geteuid(), group: getegid()) }

    init(_ raw: cipc_credentials) { self.init(process: raw.process, user: raw.user, group: raw.group) }
    var raw: cipc_credentials { cipc_credentials(process: process, user: user, group: group) }
  }

  /// What came with a message besides its bytes. Descriptors that nobody takes are closed when it goes.
  public struct Enclosure: ~Copyable, Sendable {
    private var raw = cipc_enclosure()
    private var taken = 0

    /// Who sent the message; nil unless ``UnixSocket/End/setReceivesCredentials(_:)`` was asked for before it was received.
    public var credentials: Credentials? { raw.has_credentials != 0 ? Credentials(raw.credentials) : nil }

    /// Whether descriptors came that there was no room for: more than were asked for, or than this process may have
    /// open. They are closed.
    public fileprivate(set) var descriptorsWereLost = false

    /// How many descriptors wait to be taken.
    public var descriptorCount: Int { raw.descriptor_count - taken }

    /// How many descriptors a message carries at most.
    public static let mostDescriptors = Int(CIPC_MOST_DESCRIPTORS)

    public init() {}

    deinit {
      for index in taken..<raw.descriptor_count { _ = OwnedDescriptor(taking: descriptor(at: index)) }
    }

    /// The next descriptor, close-on-exec, which is the caller's from now on; nil when none is left.
    ///
    /// It can be of any kind: adopt it as what it is expected to be, which fails when it is something else.
    public mutating func takeDescriptor() -> FileDescriptor? {
      guard taken < raw.descriptor_count else { return nil }
      defer { taken += 1 }
      return descriptor(at: taken)
    }

    private borrowing func descriptor(at index: Int) -> FileDescriptor {
      unsafe withUnsafeBytes(of: raw.descriptors) {
        FileDescriptor(rawValue: unsafe $0.load(fromByteOffset: index * MemoryLayout<Int32>.stride, as: Int32.self))
      }
    }

    /// Has it filled by a call, and keeps at most `room` descriptors of those that came.
    fileprivate mutating func fill(
      room: Int, flags: () -> Int32, _ receive: (inout cipc_enclosure) throws(IPCError) -> Transfer.Outcome
    ) throws(IPCError) -> Transfer.Outcome {
      while takeDescriptor().map({ OwnedDescriptor(taking: $0) }) != nil {}
      raw = cipc_enclosure()
      taken = 0
      let outcome = try receive(&raw)
      descriptorsWereLost = flags() & Int32(MSG_CTRUNC) != 0 || raw.descriptor_count > room
      while raw.descriptor_count > max(0, room) {
        raw.descriptor_count -= 1
        _ = OwnedDescriptor(taking: descriptor(at: raw.descriptor_count))
      }
      return outcome
    }
  }
}

extension UnixSocket.End {
  /// Sends bytes, and with them duplicates of descriptors, which stay their owner's here.
  ///
  /// - Parameters:
  ///   - bytes: Of a stream at least one, for what encloses the descriptors.
  ///   - descriptors: At most ``UnixSocket/Enclosure/mostDescriptors``.
  ///   - credentials: Who to say that this is; nil leaves it to the kernel. Others than its own take privilege.
  /// - Throws: ``IPCError`` with `.invalidArgument` for too many descriptors, or without a byte to enclose them;
  ///   `.badFileDescriptor` for what is none, `.notPermitted` for another's credentials, `.tooManyReferences` when too
  ///   many are on their way. Of a stream some of the bytes may have gone, and what they enclose with them:
  ///   ``IPCError/transferred``.
  ///
  /// Calls `sendmsg(2)` with `SCM_RIGHTS`, and `SCM_CREDENTIALS`.
  public func send(
    _ bytes: RawSpan, enclosing descriptors: Span<FileDescriptor>, credentials: UnixSocket.Credentials? = nil,
    patience: Patience = .forever, interruption: Interruption = .retry
  ) throws(IPCError) -> SendResult {
    if Style.type == UnixSocket.StreamStyle.type, bytes.isEmpty, !descriptors.isEmpty || credentials != nil {
      // The kernel would send nothing, and call that a success.
      throw IPCError(call: "sendmsg", errno: .invalidArgument, object: .descriptor(descriptor))
    }
    return try unsafe bytes.withUnsafeBytes { (bytes) throws(IPCError) in
      try unsafe descriptors.withUnsafeBytes { (numbers) throws(IPCError) in
        do throws(IPCError) {
          let outcome = try Transfer.transfer("sendmsg", descriptor, .writable, patience, interruption) { now in
            let flags = now ? Int32(MSG_DONTWAIT) : 0
            let numbers = unsafe numbers.assumingMemoryBound(to: Int32.self)
            guard var raw = credentials?.raw else {
              return unsafe cipc_unix_send_enclosing(
                descriptor.rawValue, bytes.baseAddress, bytes.count, flags, numbers.baseAddress, numbers.count, nil)
            }
            return unsafe cipc_unix_send_enclosing(
              descriptor.rawValue, bytes.baseAddress, bytes.count, flags, numbers.baseAddress, numbers.count, &raw)
          }
          switch outcome {
          case .moved(let count):
            try unsafe sendRest(of: bytes, after: count, patience, interruption)
            return .sent
          case .wouldBlock: return .wouldBlock
          case .timedOut: return .timedOut
          }
        } catch let error where error.errno == .brokenPipe && error.transferred == 0 {
          return .nobodyReads
        }
      }
    }
  }

  /// Sends what a stream had no room for at once. What is enclosed has gone with the first byte, so whatever ends this
  /// is an error that tells how many bytes went with it.
  private borrowing func sendRest(
    of bytes: UnsafeRawBufferPointer, after count: Int, _ patience: Patience, _ interruption: Interruption
  ) throws(IPCError) {
    var sent = count
    while sent < bytes.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[sent...])
      let reason: Errno
      do throws(IPCError) {
        switch try unsafe Transfer.write(descriptor, .socket, rest, patience, interruption) {
        case .moved(let count):
          sent += count
          continue
        case .wouldBlock: reason = .wouldBlock
        case .timedOut: reason = .timedOut
        }
      } catch {
        reason = error.errno
      }
      throw IPCError(call: "send", errno: reason, object: .descriptor(descriptor), transferred: sent)
    }
  }

  /// Receives a message, or bytes of a stream, with what is enclosed, and appends them to an array.
  ///
  /// Bytes of a stream that enclose descriptors are not received together with those of another enclosure. To receive none
  /// of them is no end of file, and encloses nothing.
  ///
  /// - Parameters:
  ///   - room: How many descriptors to keep. Others are closed, and ``UnixSocket/Enclosure/descriptorsWereLost`` tells.
  ///   - enclosure: What it had of an earlier message is closed.
  ///   - peeking: Whether the message stays, to be received again: with duplicates of the descriptors.
  ///
  /// Calls `recvmsg(2)` with `MSG_CMSG_CLOEXEC`.
  public func receive(
    atMost limit: Int, appendingTo bytes: inout [UInt8], enclosure: inout UnixSocket.Enclosure,
    room: Int = UnixSocket.Enclosure.mostDescriptors, peeking: Bool = false, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> UnixSocket.ReceiveResult {
    // MSG_TRUNC: to be told how long a message was. A stream has none.
    let isStream = Style.type == UnixSocket.StreamStyle.type
    if isStream, limit == 0 {
      enclosure = UnixSocket.Enclosure()
      return .received(UnixSocket.Arrival(length: 0, sentLength: 0, sender: .unnamed))
    }
    let flags = (isStream ? 0 : Int32(MSG_TRUNC)) | (peeking ? Int32(MSG_PEEK) : 0)
    return try unsafe bytes.append(room: limit) { (buffer, count) throws(IPCError) in
      let space = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
      var arrival = cipc_unix_arrival()
      let outcome = try enclosure.fill(room: room, flags: { arrival.flags }) { (raw) throws(IPCError) in
        try Transfer.transfer("recvmsg", descriptor, .readable, patience, interruption) {
          unsafe cipc_unix_receive(
            descriptor.rawValue, space.baseAddress, space.count, flags | ($0 ? Int32(MSG_DONTWAIT) : 0), &arrival, &raw)
        }
      }
      switch outcome {
      case .moved(0) where Style.type != UnixSocket.DatagramStyle.type: return .endOfFile
      case .moved(let length):
        let kept = min(length, space.count)
        count += kept
        return .received(UnixSocket.Arrival(length: kept, sentLength: length, sender: UnixSocket.Address(arrival.from)))
      case .wouldBlock: return .wouldBlock
      case .timedOut: return .timedOut
      }
    }
  }
}
