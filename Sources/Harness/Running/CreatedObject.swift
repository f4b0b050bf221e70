import PeerProtocol

/// An object that a request created, as identified by the request and its response.
struct CreatedObject {
  /// The object's name, path or key.
  private let name: String
  /// The identifier in the response, for a System V object.
  private let id: Int?

  /// Creates the object for a successful request; nil if the request only opened an object, or does not create any.
  init?(_ request: Request, _ response: Fields, _ operation: Operation) {
    guard let name = operation.makes.lazy.compactMap({ request.fields[$0] }).first else { return nil }
    let flags = operation.takes.lazy.filter { $0.hasSuffix("flg") || $0 == "oflag" }
    let isNew = flags.isEmpty || flags.contains { request.fields[$0]?.contains("CREAT") == true }
    let id = operation.returns.flatMap { response[$0] }.flatMap { Int($0) }
    guard isNew || name == "IPC_PRIVATE" else { return nil }
    self.name = name
    self.id = id
  }

  func matches(_ object: KernelObject) -> Bool {
    if object.key != nil { return object.id == id }
    // A snapshot may list a full path, or add a prefix to the name, so compare only the end.
    guard let last = name.split(separator: "/").last else { return false }
    return object.name?.hasSuffix(last) == true
  }
}
