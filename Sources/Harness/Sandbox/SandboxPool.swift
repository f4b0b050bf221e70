import Synchronization

/// The sandboxes that passed cells left empty, for the next cells.
///
/// Starting and ending a sandbox takes longer than most cells.
final class SandboxPool: Sendable {
  private let idle = Mutex<[Entry]>([])

  /// A sandbox that no cell uses, so that it can move to another thread.
  private struct Entry: @unchecked Sendable {
    let sandbox: SandboxInit
  }

  /// Returns an idle sandbox, prepared for another cell; nil if there is none.
  func take() -> SandboxInit? {
    while let entry = idle.withLock({ $0.popLast() }) {
      // A sandbox that cannot be renewed, for example because a closed TCP connection reserves a port, is terminated.
      if (try? entry.sandbox.renew()) != nil { return entry.sandbox }
    }
    return nil
  }

  /// Adds a sandbox whose cell passed and left nothing behind.
  func add(_ sandbox: SandboxInit) { idle.withLock { $0.append(Entry(sandbox: sandbox)) } }
}
