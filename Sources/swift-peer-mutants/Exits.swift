import CIPC
import CReal
import Glibc

/// Removes an object when the process exits, as a `deinit` or an `atexit` handler of its owner does.
private enum AtExit {
  nonisolated(unsafe) private static var remove: (() -> Void)?

  /// Registers the removal of an object that the process has not created.
  static func register(_ mutant: Mutant, _ result: Int32, flags: Int32, creates: Int32, _ remove: @escaping () -> Void) {
    guard mutant.isOn, result != -1, flags & creates == 0 else { return }
    unsafe Self.remove = remove
    atexit { unsafe AtExit.remove?() }
  }
}

@c(__wrap_cipc_mq_open) func mqOpen(
  _ name: UnsafePointer<CChar>?, _ flags: Int32, _ permissions: UInt32,
  _ attributes: UnsafePointer<cipc_mq_attributes>?
) -> Int32 {
  let queue = unsafe __real_cipc_mq_open(name, flags, permissions, attributes)
  if let name = unsafe name {
    let text = unsafe String(cString: name)
    AtExit.register(.queueRemovedAtExit, queue, flags: flags, creates: O_CREAT) { _ = cipc_mq_unlink(text) }
  }
  return queue
}

@c(__wrap_shm_open) func shmOpen(_ name: UnsafePointer<CChar>?, _ flags: Int32, _ mode: mode_t) -> Int32 {
  let descriptor = unsafe __real_shm_open(name, flags, mode)
  if let name = unsafe name {
    let text = unsafe String(cString: name)
    AtExit.register(.memoryRemovedAtExit, descriptor, flags: flags, creates: O_CREAT) { _ = shm_unlink(text) }
  }
  return descriptor
}

@c(__wrap_shmget) func shmGet(_ key: key_t, _ size: Int, _ flags: Int32) -> Int32 {
  let segment = __real_shmget(key, size, flags)
  AtExit.register(.segmentRemovedAtExit, segment, flags: flags, creates: IPC_CREAT) {
    _ = unsafe shmctl(segment, IPC_RMID, nil)
  }
  return segment
}

@c(__wrap_msgget) func msgGet(_ key: key_t, _ flags: Int32) -> Int32 {
  let queue = __real_msgget(key, flags)
  AtExit.register(.messagesRemovedAtExit, queue, flags: flags, creates: IPC_CREAT) {
    _ = unsafe msgctl(queue, IPC_RMID, nil)
  }
  return queue
}

@c(__wrap_semget) func semGet(_ key: key_t, _ count: Int32, _ flags: Int32) -> Int32 {
  let set = __real_semget(key, count, flags)
  AtExit.register(.setRemovedAtExit, set, flags: flags, creates: IPC_CREAT) {
    _ = __real_cipc_semctl_value(set, 0, IPC_RMID, 0)
  }
  return set
}
