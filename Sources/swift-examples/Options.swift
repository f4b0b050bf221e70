internal import ArgumentParser
internal import IPC
internal import SystemPackage

/// Permissions, in octal as chmod(1) takes them.
struct Mode: ExpressibleByArgument {
  let permissions: FilePermissions

  init(_ permissions: FilePermissions) { self.permissions = permissions }

  init?(argument: String) {
    guard let bits = CInterop.Mode(argument, radix: 8), bits <= 0o777 else { return nil }
    permissions = FilePermissions(rawValue: bits)
  }

  var defaultValueDescription: String { "0" + String(permissions.rawValue, radix: 8) }
}

/// A time to wait, in decimal seconds.
struct Seconds: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let seconds = Double(argument), seconds >= 0, seconds <= 1e9 else { return nil }
    duration = .seconds(seconds)
  }
}

extension Patience {
  /// Until so many seconds from now, or for ever when none were given.
  init(_ timeout: Seconds?) {
    self = timeout.map { .atMost($0.duration) } ?? .forever
  }
}
