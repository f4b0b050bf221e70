internal import IPC
internal import SystemPackage

/// An object that one request opens and later requests refer to.
///
/// A handle is a class, because a dictionary cannot store noncopyable objects.
protocol Handle: AnyObject {
  /// Closes the object. The handle is not used after that.
  func close() throws
}

/// A handle with a descriptor.
protocol DescriptorHandle: Handle, DescriptorRepresentable {}

/// A handle to a byte stream that a message channel can use.
protocol StreamHandle: AnyObject {
  /// Returns the timeout in a request or, if it has none, the default for this kind of handle.
  func timeout(_ parameters: Parameters) throws -> Timeout
}

/// The open objects by name.
final class Handles {
  private var open: [String: any Handle] = [:]

  /// Throws if a name is already in use.
  ///
  /// Call this before opening an object under that name.
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

  /// Returns the handle `name`, which must have the given type.
  func find<Kind>(_ name: String, as kind: Kind.Type, _ description: String) throws -> Kind {
    guard let handle = try find(name) as? Kind else { throw Invalid("the handle '\(name)' is not a \(description)") }
    return handle
  }

  /// Closes a handle, and frees its name even if closing fails, because the object no longer exists.
  func close(_ name: String) throws {
    let handle = try find(name)
    open[name] = nil
    try handle.close()
  }

  /// Closes a handle, which must have the given type.
  func close<Kind>(_ name: String, as kind: Kind.Type, _ description: String) throws {
    _ = try find(name, as: kind, description)
    try close(name)
  }
}
