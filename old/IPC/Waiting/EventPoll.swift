internal import CIPC
public import SystemPackage

/// Descriptors that the kernel watches for this process, and tells of those that are ready.
///
/// ```swift
/// let events = try EventPoll()
/// let requests = try events.watch(pipe.reader, for: .readable, token: 1)
/// let signals = try events.watch(SignalDescriptor([.terminate]), for: .readable, token: 2)
/// var ready: [ReadinessEvent] = []
/// while true {
///   ready.removeAll(keepingCapacity: true)
///   try events.wait(appendingTo: &ready)
///   for event in ready {
///     switch event.token {
///     case 1: try requests.owner.read(atMost: 4096, appendingTo: &bytes, patience: .none)
///     default: return
///     }
///   }
/// }
/// ```
///
/// A wait costs what is ready, however much is watched. To watch is a matter of ownership: what is watched belongs to
/// ``Watched``, so that the kernel forgets it before it is closed. See <doc:WaitingOnMany>.
///
/// `epoll(7)`.
public struct EventPoll: ~Copyable, Sendable, DescriptorOwner {
  let instance: Instance

  /// Makes one that watches nothing.
  ///
  /// - Throws: ``IPCError`` with `.tooManyOpenFiles`.
  ///
  /// Calls `epoll_create1(2)`.
  public init() throws(IPCError) {
    let number = try Kernel.call("epoll_create1") { cipc_epoll_create() }
    instance = Instance(taking: OwnedDescriptor(taking: FileDescriptor(rawValue: number)))
  }

  /// The descriptor, on loan: readable when something that is watched is ready, so that one can watch another.
  public var descriptor: FileDescriptor { instance.owned.descriptor }

  /// Ends the waiting. The descriptor is closed with the last of what it watches, and a failure to do so is lost.
  public consuming func close() {}

  /// Waits until something that is watched is ready, and appends what is to an array. One that has the room is not
  /// reallocated.
  ///
  /// When more is ready than there is room for, later waits tell of it, each beginning where the one before ended.
  ///
  /// - Parameter limit: How many events to append at most, from 1 on.
  /// - Returns: How many were appended; 0 when patience ran out first.
  /// - Throws: ``IPCError`` with `Errno.interrupted` where that was asked for; `.invalidArgument` for no room.
  ///
  /// Calls `epoll_pwait2(2)`.
  @discardableResult
  public func wait(
    appendingTo events: inout [ReadinessEvent], atMost limit: Int = 64, patience: Patience = .forever,
    interruption: Interruption = .retry
  ) throws(IPCError) -> Int {
    var ready = 0
    try events.append(addingCapacity: max(0, limit)) { (span: inout OutputSpan<ReadinessEvent>) throws(IPCError) in
      try unsafe span.withUnsafeMutableBufferPointer { (buffer, count) throws(IPCError) in
        let room = unsafe UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: buffer[count...]))[...])
        ready = try Kernel.wait("epoll_pwait2", on: .descriptor(descriptor), patience, interruption) {
          unsafe cipc_epoll_wait(
            descriptor.rawValue, room.baseAddress?.assumingMemoryBound(to: cipc_epoll_event.self),
            Int32(clamping: limit),
            $0)
        }
        count += ready
      }
    }
    return ready
  }
}
