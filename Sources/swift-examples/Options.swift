import ArgumentParser
package import IPC
package import SystemPackage

/// Permissions in octal digits, as in chmod(1).
package struct Mode: ExpressibleByArgument {
  package let permissions: FilePermissions

  package init(_ permissions: FilePermissions) { self.permissions = permissions }

  package init?(argument: String) {
    guard let bits = CInterop.Mode(argument, radix: 8), bits <= 0o777 else { return nil }
    permissions = FilePermissions(rawValue: bits)
  }

  package var defaultValueDescription: String { "0" + String(permissions.rawValue, radix: 8) }
}

/// A number of repetitions, at least 1.
package struct Count: ExpressibleByArgument {
  package let value: UInt32

  package init(_ value: UInt32) { self.value = value }

  package init?(argument: String) {
    guard let value = UInt32(argument), value >= 1 else { return nil }
    self.value = value
  }

  package var defaultValueDescription: String { "\(value)" }
}

/// A System V key: decimal, or hexadecimal with the prefix 0x.
///
/// IPC_PRIVATE is rejected, because no other program could find the object.
struct Key: ExpressibleByArgument {
  let key: SystemVKey

  init(_ rawValue: Int32) { key = SystemVKey(rawValue: rawValue) }

  init?(argument: String) {
    guard let key = SystemVKey(argument), key != .private else { return nil }
    self.key = key
  }

  var defaultValueDescription: String { "\(key)" }
}

/// A System V message type: 1 or more.
struct MessageType: ExpressibleByArgument {
  let type: SystemVMessageQueue.MessageType

  init(_ type: SystemVMessageQueue.MessageType) { self.type = type }

  init?(argument: String) {
    guard let type = Int(argument).flatMap(SystemVMessageQueue.MessageType.init(rawValue:)) else { return nil }
    self.type = type
  }

  var defaultValueDescription: String { "\(type)" }
}

/// A selection of System V messages, with the same meaning as msgtyp in msgrcv(2).
struct Selection: ExpressibleByArgument {
  let selection: SystemVMessageQueue.Selection

  init(_ selection: SystemVMessageQueue.Selection) { self.selection = selection }

  init?(argument: String) {
    guard let number = Int(argument), number > .min else { return nil }
    guard let type = SystemVMessageQueue.MessageType(rawValue: abs(number)) else {
      selection = .any
      return
    }
    selection = number > 0 ? .type(type) : .lowest(upTo: type)
  }

  var defaultValueDescription: String { "0" }
}

/// A real-time signal, as an offset from SIGRTMIN.
struct RealTimeSignal: ExpressibleByArgument {
  let signal: Signal
  let offset: Int32

  static let first = RealTimeSignal(signal: .firstRealTime, offset: 0)

  private init(signal: Signal, offset: Int32) {
    self.signal = signal
    self.offset = offset
  }

  init?(argument: String) {
    guard let offset = Int32(argument), let signal = Signal.realTime(offset) else { return nil }
    self.init(signal: signal, offset: offset)
  }

  var defaultValueDescription: String { "\(offset)" }
}

/// A numeric IP address.
struct Host: ExpressibleByArgument {
  let address: IPAddress

  static let loopback = Host(.loopback(.v4))

  private init(_ address: IPAddress) { self.address = address }

  init?(argument: String) {
    guard let address = IPAddress(argument) else { return nil }
    self.init(address)
  }

  var defaultValueDescription: String { "\(address)" }
}

/// A server port, which must not be 0.
struct Port: ExpressibleByArgument {
  let number: UInt16

  init(_ number: UInt16) { self.number = number }

  init?(argument: String) {
    guard let number = UInt16(argument), number >= 1 else { return nil }
    self.number = number
  }

  var defaultValueDescription: String { "\(number)" }
}

/// A timeout, in decimal seconds.
package struct Seconds: ExpressibleByArgument {
  package let duration: Duration

  package init(_ duration: Duration) { self.duration = duration }

  package init?(argument: String) {
    guard let seconds = Double(argument), seconds >= 0, seconds <= 1e9 else { return nil }
    duration = .seconds(seconds)
  }

  package var defaultValueDescription: String { "\(duration / .seconds(1))" }
}

extension Timeout {
  /// Creates the timeout for a whole run; nil means that the run waits indefinitely.
  package init(_ seconds: Seconds?) {
    self = seconds.map { .after($0.duration) } ?? .never
  }
}
