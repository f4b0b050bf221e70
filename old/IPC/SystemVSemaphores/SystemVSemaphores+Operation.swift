internal import CIPC
internal import Glibc

extension SystemVSemaphores {
  /// One of the operations that are performed together, or not at all.
  ///
  /// The `struct sembuf` of `semop(2)`.
  public struct Operation: Hashable, Sendable {
    /// Which semaphore of the set, from 0.
    public var index: UInt16
    /// Above 0: adds it. Below: waits until the value is at least as much, and subtracts it. 0: waits for the value 0.
    public var delta: Int16
    /// Takes the change back when this process ends, however it does: `SEM_UNDO`.
    public var undo: Bool
    /// All operations of the call give up when this one would have to wait, whatever the patience: `IPC_NOWAIT`.
    public var noWait: Bool

    public init(_ index: UInt16, delta: Int16, undo: Bool = false, noWait: Bool = false) {
      self.index = index
      self.delta = delta
      self.undo = undo
      self.noWait = noWait
    }

    /// Takes one from the semaphore, and waits until there is one: P, or *wait*.
    public static func acquire(_ index: UInt16, undo: Bool = false) -> Operation {
      Operation(index, delta: -1, undo: undo)
    }

    /// Gives one to the semaphore: V, or *signal*.
    public static func release(_ index: UInt16, undo: Bool = false) -> Operation {
      Operation(index, delta: 1, undo: undo)
    }

    /// Waits until the semaphore is 0.
    public static func waitForZero(_ index: UInt16) -> Operation { Operation(index, delta: 0) }

    var mirrored: cipc_semaphore_operation {
      cipc_semaphore_operation(
        number: index, delta: delta, flags: Int16((undo ? SEM_UNDO : 0) | (noWait ? IPC_NOWAIT : 0)))
    }
  }
}
