internal import SystemPackage

/// What a System V object is known by: the identifier that the kernel gave it, and the key by which it was found, if it
/// was. People know it by its key, and so that is what errors name.
struct SystemVIdentity: Hashable, Sendable {
  let identifier: Int32
  private let key: SystemVKey?

  init(_ identifier: Int32, key: SystemVKey? = nil) {
    self.identifier = identifier
    // Every private object has the same key, which names none of them.
    self.key = key == .private ? nil : key
  }

  var object: IPCError.Object { key.map { .key($0.rawValue) } ?? .identifier(identifier) }

  /// Two are equal that mean the same object, however each was found.
  static func == (left: Self, right: Self) -> Bool { left.identifier == right.identifier }

  func hash(into hasher: inout Hasher) { hasher.combine(identifier) }

  /// Makes an object, or opens the one that there is, and tells whether it is new.
  ///
  /// Others may make or remove it between the two attempts: each time round, one of them has got on.
  static func createOrOpen<Object>(
    create: () throws(IPCError) -> Object, open: () throws(IPCError) -> Object
  ) throws(IPCError) -> (Object, Bool) {
    while true {
      do throws(IPCError) {
        return (try create(), true)
      } catch let error where error.errno == .fileExists {}
      do throws(IPCError) {
        return (try open(), false)
      } catch let error where error.errno == .noSuchFileOrDirectory {}
    }
  }
}
