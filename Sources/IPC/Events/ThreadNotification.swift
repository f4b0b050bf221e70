internal import CIPC
internal import Synchronization

/// Functions that the C library calls in its own threads (`SIGEV_THREAD`), each identified by a key.
///
/// A notification carries only the key. If its registration has already ended, the notification is ignored.
enum ThreadNotification {
  typealias Body = @Sendable () -> Void

  private struct Registrations {
    var nextKey: Int32 = 0
    var bodies: [Int32: (body: Body, repeats: Bool)] = [:]
    /// The keys of message queue registrations, by descriptor.
    var keysOfQueues: [Int32: Int32] = [:]
  }

  private static let registrations = Mutex(Registrations())
  private static let turn = Mutex(())

  /// Changes a queue's registration in the kernel and in the table together.
  ///
  /// Otherwise, a thread could be preempted between the two steps while the function that it has registered runs and
  /// registers again, and the first thread would then remove the newer registration. `body` is called without the lock
  /// that ``call`` takes, so a function can run at any time.
  static func inTurn<Value>(_ body: () throws(IPCError) -> Value) throws(IPCError) -> Value {
    try turn.withLock { (_) throws(IPCError) in try body() }
  }

  /// Calls the function that was registered with this key.
  static let call: cipc_notified = { key in
    let body = registrations.withLock { registrations in
      let entry = registrations.bodies[key]
      if entry?.repeats == false { registrations.bodies[key] = nil }
      return entry?.body
    }
    body?()
  }

  /// Registers a function for all notifications from a timer, or for only the next notification from a queue.
  static func add(_ body: @escaping Body, repeats: Bool) -> Int32 {
    registrations.withLock { registrations in
      repeat { registrations.nextKey &+= 1 } while registrations.bodies[registrations.nextKey] != nil
      registrations.bodies[registrations.nextKey] = (body, repeats)
      return registrations.nextKey
    }
  }

  /// Records a queue's registration, and removes its previous one.
  static func setQueue(_ descriptor: Int32, _ key: Int32) {
    registrations.withLock { registrations in
      if let former = registrations.keysOfQueues.updateValue(key, forKey: descriptor) {
        registrations.bodies[former] = nil
      }
    }
  }

  static func remove(_ key: Int32) { registrations.withLock { $0.bodies[key] = nil } }

  /// Removes a queue's registration from the table, if it has one.
  ///
  /// Call this before the descriptor is closed, because another thread can then open a queue with the same number.
  static func removeQueue(_ descriptor: Int32) {
    registrations.withLock { registrations in
      if let key = registrations.keysOfQueues.removeValue(forKey: descriptor) { registrations.bodies[key] = nil }
    }
  }
}
