import CReal
import Glibc

/// Removes an object when the process exits, as an owner's `deinit` or an `atexit` handler might.
enum AtExit {
  nonisolated(unsafe) private static var action: (() -> Void)?

  /// Registers an object for removal if this process has opened it without creating it.
  static func remove(_ mutant: Mutant, _ result: Int32, flags: Int32, creates: Int32, _ action: @escaping () -> Void) {
    guard mutant.isOn, result != -1, flags & creates == 0 else { return }
    unsafe Self.action = action
    atexit { unsafe AtExit.action?() }
  }

  static func remove(
    _ mutant: Mutant, _ name: UnsafePointer<CChar>?, _ result: Int32, flags: Int32, _ unlink: @escaping (String) -> Void
  ) {
    guard let name = unsafe name else { return }
    let text = unsafe String(cString: name)
    remove(mutant, result, flags: flags, creates: O_CREAT) { unlink(text) }
  }
}

@c(__wrap_shm_open) func shmOpen(_ name: UnsafePointer<CChar>?, _ flags: Int32, _ mode: mode_t) -> Int32 {
  // With `openedTruncating`, the options are `[.create, .truncate]`, as for a file whose contents are to be replaced.
  let asked =
    Mutant.openedTruncating.isOn ? flags | O_TRUNC : Mutant.truncationDropped.isOn ? flags & ~O_TRUNC : flags
  let descriptor = unsafe __real_shm_open(name, asked, mode)
  unsafe AtExit.remove(.memoryRemovedAtExit, name, descriptor, flags: flags) { _ = unsafe shm_unlink($0) }
  return descriptor
}
