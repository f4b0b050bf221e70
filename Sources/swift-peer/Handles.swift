internal import IPC
internal import SystemPackage

/// Something that a request opened and others refer to: a class, since what it owns cannot be copied into a table.
protocol Handle: AnyObject {
  /// Closes it, whatever it is. Called once, and last.
  func close() throws
}

/// A handle of what has a descriptor.
protocol DescriptorHandle: Handle {
  /// On loan.
  var descriptor: FileDescriptor { get }
}

/// Everything that is open, by name.
final class Handles {
  private var open: [String: any Handle] = [:]

  /// Says that a name is taken before something is opened for it.
  func require(free names: String...) throws { try require(free: names) }

  func require(free names: [String]) throws {
    var wanted: Set<String> = []
    for name in names {
      guard 1...63 ~= name.utf8.count else { throw Invalid("a handle has 1 to 63 bytes") }
      guard open[name] == nil, wanted.insert(name).inserted else { throw Invalid("the handle '\(name)' is in use") }
    }
  }

  func add(_ handle: any Handle, as name: String) throws {
    try require(free: name)
    open[name] = handle
  }

  func find(_ name: String) throws -> any Handle {
    guard let handle = open[name] else { throw Invalid("there is no handle '\(name)'") }
    return handle
  }

  /// The handle `name`, which must be of the kind that the operation works on.
  func find<Kind>(_ name: String, as kind: Kind.Type, _ description: String) throws -> Kind {
    guard let handle = try find(name) as? Kind else { throw Invalid("the handle '\(name)' is no \(description)") }
    return handle
  }

  /// The name is free whether closing succeeds or not: what it named is gone.
  func close(_ name: String) throws {
    let handle = try find(name)
    open[name] = nil
    try handle.close()
  }

  /// The same, for handles of one kind.
  func close<Kind>(_ name: String, as kind: Kind.Type, _ description: String) throws {
    _ = try find(name, as: kind, description)
    try close(name)
  }
}
