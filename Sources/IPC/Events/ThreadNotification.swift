internal import CIPC
internal import Synchronization

/// Functions that the C library calls in threads of its own (`SIGEV_THREAD`), each with a key.
///
/// A notification carries only the key, so one that arrives after its registration has ended finds nothing.
enum ThreadNotification {
  typealias Body = @Sendable () -> Void

  private struct Registrations {
    var nextKey: Int32 = 0
    var bodies: [Int32: (body: Body, repeats: Bool)] = [:]
    /// The keys of the registrations with message queues, by descriptor.
    var keysOfQueues: [Int32: Int32] = [:]
  }

  private static let registrations = Mutex(Registrations())

  /// Calls the function that was registered with this key.
  static let call: cipc_notified = { key in
    let body = registrations.withLock { registrations in
      let entry = registrations.bodies[key]
      if entry?.repeats == false { registrations.bodies[key] = nil }
      return entry?.body
    }
    body?()
  }

  /// Registers a function for all notifications of a timer, or for the next one of a queue.
  static func add(_ body: @escaping Body, repeats: Bool) -> Int32 {
    registrations.withLock { registrations in
      repeat { registrations.nextKey &+= 1 } while registrations.bodies[registrations.nextKey] != nil
      registrations.bodies[registrations.nextKey] = (body, repeats)
      return registrations.nextKey
    }
  }

  /// Records that a queue has this registration, and none that it had before.
  static func setQueue(_ descriptor: Int32, _ key: Int32) {
    registrations.withLock { registrations in
      if let former = registrations.keysOfQueues.updateValue(key, forKey: descriptor) {
        registrations.bodies[former] = nil
      }
    }
  }

  static func remove(_ key: Int32) { registrations.withLock { $0.bodies[key] = nil } }

  static func removeQueue(_ descriptor: Int32) {
    registrations.withLock { registrations in
      if let key = registrations.keysOfQueues.removeValue(forKey: descriptor) { registrations.bodies[key] = nil }
    }
  }
}
