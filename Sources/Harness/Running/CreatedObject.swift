import PeerProtocol

/// An object that a request created, as the request or its response names it.
struct CreatedObject {
  /// Its name, path or key.
  private let name: String
  /// The identifier in the response, for an object of System V.
  private let id: Int?

  /// The object that a successful request created; nil if it only opened one, or creates none.
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
    // A listing may show a whole path, or add a prefix to the name, so compare only the end.
    guard let last = name.split(separator: "/").last else { return false }
    return object.name?.hasSuffix(last) == true
  }
}
