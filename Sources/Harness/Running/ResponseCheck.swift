import PeerProtocol

/// A request and its response.
struct Exchange {
  let request: Request
  let response: Response
  /// The interval from just before the request was written until just after the response was read.
  let elapsed: Duration
}

/// Compares responses with a standard's requirements.
struct ResponseCheck {
  let registry: OperationRegistry
  /// Fills in a template's variables, and returns percent-encoded text.
  var filled: (Template) throws(CellOutcome) -> String = { template throws(CellOutcome) in template.description }
  /// Stores a captured value under its name.
  var capture: (String, [UInt8]) -> Void = { _, _ in }

  /// Checks a response, and throws if it is wrong.
  ///
  /// Also records the effects of a successful request, such as the descriptors that it opened and closed.
  func check(_ exchange: Exchange, by role: RoleProcess, against expected: ExpectedResponse) throws(CellOutcome) {
    let (request, response) = (exchange.request, exchange.response)
    func outcome(_ verdict: Verdict, _ reason: String, _ mismatches: [FieldMismatch] = []) -> CellOutcome {
      var outcome = CellOutcome(
        verdict, "\(role.description): \(reason)", expected: expected.description, request: .request(request),
        response: .response(response))
      outcome.evidence?.mismatches = mismatches
      if case .ok(let fields) = response {
        outcome.evidence?.firstDifference =
          fields["differs"].flatMap { Int($0) } ?? mismatches.lazy.compactMap(\.bytes).first?.offset
      }
      return outcome
    }
    try rejectRefusal(exchange, by: role, expected: expected.description)
    try rejectEarlyEnd(exchange, by: role, expected: expected.description)
    switch (response, expected) {
    case (.ok(let fields), .ok(let expectations)):
      if let operation = registry[request.operation] { role.follow(request, fields, operation) }
      try check(fields, expectations, outcome)
    case (.error(let errno, let fields), .error(let allowed, let expectations)):
      guard allowed.contains(errno) else {
        throw outcome(
          .failed, "\(request.operation) failed with \(errno) instead of \(allowed.joined(separator: " or "))")
      }
      try check(fields, expectations, outcome)
    case (.ok, .error(let allowed, _)):
      throw outcome(
        .failed, "\(request.operation) succeeded instead of failing with \(allowed.joined(separator: " or "))")
    case (.error(let errno, _), _): throw outcome(.failed, "\(request.operation) failed with \(errno)")
    case (.ok, .blocks), (.ok, .later), (.unsupported, _), (.unrepresentable, _), (.invalid, _):
      throw outcome(.broken, "a step read a response where none was expected")
    }
  }

  /// Throws if an operation reported a timeout before its timeout had elapsed.
  ///
  /// This explains a wrong response better than a comparison would.
  func rejectEarlyEnd(_ exchange: Exchange, by role: RoleProcess, expected: String) throws(CellOutcome) {
    guard let problem = TimeCheck(registry: registry).earlyEnd(of: exchange) else { return }
    throw CellOutcome(
      .failed, "\(role.description): \(problem)", expected: expected, request: .request(exchange.request),
      response: .response(exchange.response))
  }

  /// Throws if a peer refuses a request or performs an operation that it does not announce.
  func rejectRefusal(_ exchange: Exchange, by role: RoleProcess, expected: String) throws(CellOutcome) {
    let operation = exchange.request.operation
    let isAnnounced = role.greeting?.operations.contains(operation)
    func failed(_ reason: String) -> CellOutcome {
      CellOutcome(
        .failed, "\(role.description): \(reason)", expected: expected, request: .request(exchange.request),
        response: .response(exchange.response))
    }
    switch exchange.response {
    case .unsupported where isAnnounced == true:
      throw failed("it announces \(operation), and does not support it")
    // The peer announced the operation when it was probed. Otherwise, the cell would not have been run.
    case .unsupported: throw failed("it does not announce \(operation) any more")
    case _ where isAnnounced == false: throw failed("it performs \(operation), which it does not announce")
    case .unrepresentable(let type):
      guard role.platform.isNarrow(type) else {
        throw failed("it cannot hold a number of the request in \(type), which has 64 bits in its ABI")
      }
      throw CellOutcome(missing: MissingCapability(language: role.language, name: "a 64-bit \(type)"))
    case .invalid(let reason): throw failed("it calls the request '\(operation)' invalid: \(reason)")
    case .ok, .error: break
    }
  }

  private func check(
    _ fields: Fields, _ expectations: [ExpectedField], _ outcome: (Verdict, String, [FieldMismatch]) -> CellOutcome
  ) throws(CellOutcome) {
    var mismatches: [FieldMismatch] = []
    for expectation in expectations {
      let actual = fields[bytes: expectation.key]
      if case .capture(let name) = expectation.relation, let actual {
        capture(name, actual)
        continue
      }
      var text = ""
      if let template = expectation.relation.template { text = try filled(template) }
      if let mismatch = mismatch(key: expectation.key, relation: expectation.relation, expected: text, actual: actual) {
        mismatches.append(mismatch)
      }
    }
    if !mismatches.isEmpty {
      throw outcome(.failed, mismatches.map(\.reason).joined(separator: "; "), mismatches)
    }
  }

  /// Returns the mismatch if the field `key` does not meet its expectation; otherwise nil.
  ///
  /// `expected` is percent-encoded.
  func mismatch(
    key: String, relation: ExpectedField.Relation, expected: String, actual: [UInt8]?
  ) -> FieldMismatch? {
    func mismatch(_ symbol: String) -> FieldMismatch {
      FieldMismatch(
        field: key, relation: symbol, expected: expected, actual: actual.map(PercentEncoding.encode),
        isPayload: registry.payloads.contains(key))
    }
    guard let actual else { return mismatch("=") }
    guard let wanted = PercentEncoding.decode(expected) else { return mismatch("=") }
    let (symbol, holds): (String, Bool) =
      switch relation {
      case .equal: ("=", areEqual(actual, wanted, of: key))
      case .notEqual: ("!=", !areEqual(actual, wanted, of: key))
      case .less: ("<", Self.compare(actual, wanted) { $0 < $1 })
      case .lessOrEqual: ("<=", Self.compare(actual, wanted) { $0 <= $1 })
      case .greater: (">", Self.compare(actual, wanted) { $0 > $1 })
      case .greaterOrEqual: (">=", Self.compare(actual, wanted) { $0 >= $1 })
      case .capture: ("=", true)
      }
    return holds ? nil : mismatch(symbol)
  }

  /// Compares the bytes; flags may be in any order.
  private func areEqual(_ actual: [UInt8], _ wanted: [UInt8], of key: String) -> Bool {
    if actual == wanted || registry.payloads.contains(key) { return actual == wanted }
    guard let flags = Self.flags(wanted) else { return false }
    return Self.flags(actual) == flags
  }

  /// Returns the flags of each element in a list such as `A|B,C`, sorted; nil if the list contains other text.
  private static func flags(_ list: [UInt8]) -> [[String]]? {
    let elements = String(decoding: list, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false).map {
      $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
    let areSymbols = elements.joined().allSatisfy { $0.wholeMatch(of: /[A-Z][A-Z0-9_]*/) != nil }
    return areSymbols ? elements.map { $0.sorted() } : nil
  }

  private static func compare(_ actual: [UInt8], _ wanted: [UInt8], _ relation: (Int, Int) -> Bool) -> Bool {
    guard let left = Int(String(decoding: actual, as: UTF8.self)),
      let right = Int(String(decoding: wanted, as: UTF8.self))
    else { return false }
    return relation(left, right)
  }

  // MARK: - Golden transcripts

  /// Returns whether a response has the same first word and the same fields, in any order, as the recorded response.
  ///
  /// `*` matches any value.
  ///
  /// Either error response may omit the field `call`.
  static func matches(_ response: Response, recorded: String) -> Bool {
    let (wanted, actual) = compared(response, recorded)
    guard actual.count == wanted.count, actual.first == wanted.first else { return false }
    return wanted.dropFirst().allSatisfy { field in
      actual.dropFirst().contains { Glob(String(field)).matches(String($0)) }
    }
  }

  /// Returns the words in the recorded and actual responses, without fields that are not compared.
  private static func compared(_ response: Response, _ recorded: String) -> (wanted: [Substring], actual: [Substring]) {
    let fields = [recorded, "\(response)"].map { $0.split(separator: " ") }
    let compareCalls = fields.allSatisfy { $0.first != "error" || $0.contains { $0.hasPrefix("call=") } }
    return (
      fields[0].filter { compareCalls || !$0.hasPrefix("call=") },
      fields[1].filter { compareCalls || !$0.hasPrefix("call=") }
    )
  }

  /// Describes every field that differs from the recorded response; empty if the first words differ.
  static func differences(_ response: Response, recorded: String) -> [String] {
    let (wanted, actual) = compared(response, recorded)
    guard actual.first == wanted.first else { return [] }
    func key(_ field: Substring) -> Substring { field.prefix { $0 != "=" } }
    func shown(_ field: Substring) -> String { String(field).shortened(to: 60) }
    let differing = wanted.dropFirst().compactMap { field -> String? in
      let counterpart = actual.dropFirst().first { key($0) == key(field) }
      guard let counterpart else { return "\(shown(field)) is missing" }
      return Glob(String(field)).matches(String(counterpart))
        ? nil : "\(shown(counterpart)), expected \(shown(field))"
    }
    let extra = actual.dropFirst().filter { field in !wanted.dropFirst().contains { key($0) == key(field) } }
    return differing + extra.map { "\(shown($0)) is extra" }
  }
}
