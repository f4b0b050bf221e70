import PeerProtocol

/// Decides which exchanges in a golden transcript can be compared for a peer.
///
/// A request that the peer does not support is omitted. Later requests are also omitted if they name a handle, an
/// identifier or an object that the omitted request would have changed. Requests that depend on a request whose
/// response differs are omitted as well, so that each difference is reported once. The dependencies follow from
/// `fixtures/operations.yaml`.
struct TranscriptState {
  private let peer: PeerCapabilities?
  private let registry: OperationRegistry
  private let names: Set<String>
  /// The versions of the handles and identifiers: a reused name refers to a new object.
  private var versions: [String: Int] = [:]
  /// The peer's open handles, and the identifiers of objects that it cannot remove; these names must not be created again.
  private var open: Set<String> = []
  /// The objects that requests have connected, as a forest.
  private var parents: [String: String] = [:]
  /// The objects whose state differs from the state in the recording.
  private var changed: Set<String> = []
  /// The parameters whose effect differs from the effect in the recording.
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
      open.formUnion(defaultIdentifiers(of: request, operation))
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
    let created = exchange.succeeds ? Set(created(by: request, operation)) : []
    let independent = created.union(identifiers(returnedBy: operation))
    let used = objects(of: request, operation).subtracting(independent.map(object))
    let isComparable =
      created.isDisjoint(with: open) && used.allSatisfy { !changed.contains(root($0)) }
      && affected.allSatisfy { request.fields[bytes: $0] == nil }
    if isComparable { return .compare }
    omitted(exchange)
    // Handles must be released, and objects removed, whatever their state.
    let ends = operation.closes.map { [$0] } ?? (operation.releases ? ["handle"] : [])
    let isOpen = !ends.isEmpty && handles(of: request, ends).allSatisfy(open.contains)
    return isOpen || operation.removes.applies(to: request) ? .perform : .omit
  }

  /// Updates the state after an exchange whose response matched.
  mutating func matched(_ exchange: RecordedExchange) {
    guard exchange.succeeds, let request = exchange.request, let operation = registry[request.operation] else { return }
    begin(request, operation, areOpen: true)
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
    // An inspection changes nothing, even if it returns a wrong result.
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
    if opens { begin(request, operation, areOpen: areOpen) }
    changed.formUnion(objects(of: request, operation).map(root))
    affected.formUnion(operation.affects)
  }

  /// Treats everything that the request creates as new objects.
  private mutating func begin(_ request: Request, _ operation: Operation, areOpen: Bool) {
    for name in created(by: request, operation) { versions[name, default: 0] += 1 }
    if areOpen { open.formUnion(handles(of: request, operation.opens + operation.maps)) }
  }

  // MARK: - Objects

  /// The object that a handle or an identifier refers to now.
  private func object(_ name: String) -> String { "\(name) \(versions[name, default: 0])" }

  /// The handles that a request creates, and the identifier that it returns.
  private func created(by request: Request, _ operation: Operation) -> [String] {
    handles(of: request, operation.opens + operation.maps) + identifiers(returnedBy: operation)
  }

  private func identifiers(returnedBy operation: Operation) -> [String] {
    operation.returns.map { ["identifier \($0)"] } ?? []
  }

  /// The identifiers that a request uses without naming them.
  private func defaultIdentifiers(of request: Request, _ operation: Operation) -> [String] {
    operation.takes.filter { registry.defaults[$0] == $0 && request.fields[bytes: $0] == nil }
      .map { "identifier \($0)" }
  }

  /// Returns the handles that these request parameters name.
  private func handles(of request: Request, _ parameters: [String]) -> [String] {
    let takes = registry[request.operation]?.takes ?? []
    return parameters.filter(takes.contains).flatMap { parameter -> [String] in
      let value = request.fields[parameter] ?? registry.defaults[parameter]
      return value?.split(separator: ",").map { "handle \($0)" } ?? []
    }
  }

  private func objects(of request: Request, _ operation: Operation) -> Set<String> {
    let parameters = Set(registry.handleParameters + operation.opens + operation.maps)
    var objects = Set(handles(of: request, parameters.sorted()).map(object))
    objects.formUnion((created(by: request, operation) + defaultIdentifiers(of: request, operation)).map(object))
    for parameter in operation.takes {
      guard let value = request.fields[parameter] else { continue }
      if names.contains(parameter), value != "IPC_PRIVATE" { objects.insert("name \(value)") }
      if registry.sharedParameters.contains(parameter) {
        objects.formUnion(value.split(separator: "|").map { "shared \($0)" })
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
