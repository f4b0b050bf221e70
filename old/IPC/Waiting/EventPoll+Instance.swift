internal import CIPC
internal import SystemPackage

extension EventPoll {
  /// The kernel's side. Everything that is watched holds it, so that it is there for as long as it is asked to forget.
  final class Instance: Sendable {
    let owned: OwnedDescriptor

    init(taking owned: consuming OwnedDescriptor) { self.owned = owned }

    func control(
      _ operation: some BinaryInteger, _ descriptor: FileDescriptor, _ interest: Readiness, _ token: UInt64,
      _ trigger: Trigger, _ once: Bool
    ) throws(IPCError) {
      var events = UInt32(UInt16(bitPattern: interest.rawValue))
      if trigger == .edge { events |= UInt32(bitPattern: Int32(CIPC_EPOLLET)) }
      if once { events |= UInt32(bitPattern: Int32(CIPC_EPOLLONESHOT)) }
      try Kernel.call("epoll_ctl", on: .descriptor(descriptor)) {
        cipc_epoll_ctl(owned.descriptor.rawValue, Int32(operation), descriptor.rawValue, events, token)
      }
    }
  }

  /// That a descriptor is watched. It ends with its owner, or before.
  struct Registration: ~Copyable, Sendable {
    let instance: Instance
    let descriptor: FileDescriptor
    let token: UInt64
    private var isOver = false

    init(instance: Instance, descriptor: FileDescriptor, token: UInt64) {
      self.instance = instance
      self.descriptor = descriptor
      self.token = token
    }

    deinit { if !isOver { try? remove() } }

    consuming func end() throws(IPCError) {
      isOver = true
      try remove()
    }

    private borrowing func remove() throws(IPCError) {
      try instance.control(CIPC_EPOLL_CTL_DEL, descriptor, [], 0, .level, false)
    }
  }
}
