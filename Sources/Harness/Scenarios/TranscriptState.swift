import PeerProtocol

/// Decides which exchanges in a golden transcript a peer can be compared with.
///
/// A request that the peer does not support is omitted, and so are later requests that name a handle, an identifier or
/// an object that the omitted request would have changed. Requests that depend on one whose response differs are
/// omitted as well, so that each difference is reported once. The dependencies follow from `fixtures/operations.yaml`.
struct TranscriptState {
  private let peer: PeerCapabilities?
  private let registry: OperationRegistry
  private let names: Set<String>
  /// The versions of the handles: a reused name refers to a new object.
  private var versions: [String: Int] = [:]
  /// The handles that the peer has open.
  private var open: Set<String> = []
  /// The objects that requests have connected, as a forest.
  private var parents: [String: String] = [:]
  /// The objects whose state differs from the recorded one.
  private var changed: Set<String> = []
  /// The parameters whose effect differs.
  private var affected: Set<String> = []

  /// The action for the next exchange.
  enum Decision { case compare, perform, omit }

  /// Creates the state before the first exchange; `peer` is nil for a peer that supports everything.
  init(_ exchanges: [RecordedExchange], peer: PeerCapabilities?, registry: OperationRegistry) {
    self.peer = peer
    self.registry = registry
    names = registry.nameParameters
    // An object must not be created if the peer cannot remove it.
    for exchange in exchanges where exchange.succeeds {
      guard let request = exchange.request, let operation = registry[request.operation], isMissing(exchange),
        operation.removes.applies(to: request)
      else { continue }
      changed.formUnion(objects(of: request, operation).map(root))
    }
  }

  private func isMissing(_ exchange: RecordedExchange) -> Bool {
    guard let peer, registry[exchange.operation] != nil else { return false }
    return exchange.request.map { peer.missing(for: $0) != nil } ?? !peer.operations.contains(exchange.operation)
  }

  /// Decides whether an exchange can be compared, and tracks the consequences of an omission.
  mutating func next(_ exchange: RecordedExchange) -> Decision {
    guard !isMissing(exchange) else {
      omitted(exchange)
      return .omit
    }
    guard let request = exchange.request, let operation = registry[request.operation] else { return .compare }
    let created = exchange.succeeds ? Set(handles(of: request, operation.opens + operation.maps)) : []
    let used = objects(of: request, operation).subtracting(created.map(object))
    let isComparable =
      created.isDisjoint(with: open) && used.allSatisfy { !changed.contains(root($0)) }
      && affected.allSatisfy { request.fields[bytes: $0] == nil }
    if isComparable { return .compare }
    omitted(exchange)
    // Handles must be freed, and objects removed, whatever their state.
    let ends = operation.closes.map { [$0] } ?? (operation.releases ? ["handle"] : [])
    let isOpen = !ends.isEmpty && handles(of: request, ends).allSatisfy(open.contains)
    return isOpen || operation.removes.applies(to: request) ? .perform : .omit
  }

  /// Updates the state after an exchange whose response matched.
  mutating func matched(_ exchange: RecordedExchange) {
    guard exchange.succeeds, let request = exchange.request, let operation = registry[request.operation] else { return }
    begin(handles(of: request, operation.opens + operation.maps), areOpen: true)
    performed(exchange)
    guard !operation.inspects.applies(to: request) else { return }
    connect(objects(of: request, operation))
  }

  /// Updates the state after an exchange whose response is not compared.
  mutating func performed(_ exchange: RecordedExchange) {
    guard let request = exchange.request, let operation = registry[request.operation] else { return }
    let ends = operation.closes.map { [$0] } ?? (operation.releases ? ["handle"] : [])
    open.subtract(handles(of: request, ends))
  }

  /// Updates the state after an exchange whose response differs; `succeeded` is true if the peer performed the request.
  mutating func differed(_ exchange: RecordedExchange, succeeded: Bool) {
    guard let request = exchange.request, let operation = registry[request.operation] else { return }
    if succeeded { performed(exchange) }
    // An inspection that returns a wrong result still changes nothing.
    guard !(operation.inspects.applies(to: request) && exchange.succeeds) else { return }
    change(request, operation, opens: exchange.succeeds || succeeded, areOpen: succeeded)
  }

  private mutating func omitted(_ exchange: RecordedExchange) {
    guard exchange.hasEffect, let request = exchange.request, let operation = registry[request.operation],
      !operation.inspects.applies(to: request)
    else { return }
    change(request, operation, opens: exchange.succeeds, areOpen: false)
  }

  private mutating func change(_ request: Request, _ operation: Operation, opens: Bool, areOpen: Bool) {
    if opens { begin(handles(of: request, operation.opens + operation.maps), areOpen: areOpen) }
    changed.formUnion(objects(of: request, operation).map(root))
    affected.formUnion(operation.affects)
  }

  /// Treats these handles as new objects.
  private mutating func begin(_ handles: [String], areOpen: Bool) {
    for handle in handles {
      versions[handle, default: 0] += 1
      if areOpen { open.insert(handle) }
    }
  }

  // MARK: - Objects

  private func object(_ handle: String) -> String { "handle \(handle) \(versions[handle, default: 0])" }

  /// Returns the handles that these request parameters name.
  private func handles(of request: Request, _ parameters: [String]) -> [String] {
    let takes = registry[request.operation]?.takes ?? []
    return parameters.filter(takes.contains).flatMap { parameter -> [String] in
      let value = request.fields[parameter] ?? registry.defaults[parameter]
      return value?.split(separator: ",").map(String.init) ?? []
    }
  }

  private func objects(of request: Request, _ operation: Operation) -> Set<String> {
    let parameters = Set(registry.handleParameters + operation.opens + operation.maps)
    var objects = Set(handles(of: request, parameters.sorted()).map(object))
    if let identifier = operation.returns { objects.insert("identifier \(identifier)") }
    for parameter in operation.takes {
      if let value = request.fields[parameter] {
        if names.contains(parameter), value != "IPC_PRIVATE" { objects.insert("name \(value)") }
        if registry.sharedParameters.contains(parameter) {
          objects.formUnion(value.split(separator: "|").map { "shared \($0)" })
        }
      } else if let name = registry.defaults[parameter], name == parameter {
        objects.insert("identifier \(name)")
      }
    }
    return objects
  }

  private func root(_ object: String) -> String {
    var object = object
    while let parent = parents[object] { object = parent }
    return object
  }

  private mutating func connect(_ objects: Set<String>) {
    let roots = Set(objects.map(root)).sorted()
    guard let first = roots.first else { return }
    for other in roots.dropFirst() { parents[other] = first }
    if roots.contains(where: changed.contains) { changed.insert(first) }
  }
}
