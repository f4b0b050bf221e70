/// The unit that gets a verdict: one scenario in one pairing, with one row of parameters.
public struct Cell: Sendable, Hashable, Codable {
  /// The unique id, composed of scenario, pairing and parameters: `pipe/delivery[c>swift,bytes=4096]`.
  public let id: String
  /// The scenario id, without the pairing and parameters.
  public let scenario: String
  /// The scenario's mechanism: the part of its id before the `/`.
  public let mechanism: String
  /// The behaviour that the scenario tests, as a title for reports.
  public let title: String
  /// The section of the standard that requires the behaviour.
  public let spec: String
  /// The requirement level: `must`, `should` or `may`.
  public let level: Scenario.Level
  /// The language that plays each role, in the scenario's order.
  public let pairing: [Assignment]
  /// The row's values by parameter name: `["bytes": "4096"]`.
  public let parameters: [String: String]
  /// The scenario's position in its file: `fixtures/scenarios/pipe.yaml:12:3`.
  public let location: SourceLocation
  /// The fault to inject; nil in an ordinary run and while a script is being recorded.
  public let injection: Injection?

  /// A role and the language that plays it.
  public struct Assignment: Sendable, Hashable, Codable {
    /// The role's name in the scenario.
    public let role: String
    /// The language that plays the role, as named in `fixtures/peers.yaml`.
    public let language: String
  }

  /// A fault in one system call made by one role.
  public struct Injection: Sendable, Hashable, Codable {
    /// The role whose system call fails.
    public let role: String
    /// The index of the request among all requests to this role, counted from 1; nil for a program.
    public let request: Int?
    /// The requested operation; nil for a program.
    public let operation: String?
    /// The system call in which the fault is injected, such as `read`.
    public let call: String
    /// The index of the call among all calls with this name during the request or in the program, counted from 1.
    public let occurrence: Int
    /// The fault to inject into the call.
    public let fault: InjectedFault
  }

  package init(
    id: String, scenario: String, mechanism: String, title: String, spec: String, level: Scenario.Level,
    pairing: [Assignment], parameters: [String: String], location: SourceLocation, injection: Injection? = nil
  ) {
    self.id = id
    self.scenario = scenario
    self.mechanism = mechanism
    self.title = title
    self.spec = spec
    self.level = level
    self.pairing = pairing
    self.parameters = parameters
    self.location = location
    self.injection = injection
  }

  /// Creates the cell for a scenario in a pairing.
  init(_ scenario: Scenario, _ pairing: Pairing) {
    let parameters = scenario.parameters.map { "\($0.name)=\($0.value)" }
    self.init(scenario, words: [pairing.description] + parameters, languages: pairing.languages, injection: nil)
  }

  /// Creates the cell for a script in one language: `pipe/transfers[swift,writer:3:write,write.1,EINTR]`.
  ///
  /// Without an injection, the cell records the script.
  init(_ scenario: Scenario, language: String, injection: Injection?) {
    let words = [language] + scenario.parameters.map { "\($0.name)=\($0.value)" }
    self.init(
      scenario, words: words + Self.words(of: injection), languages: scenario.roles.map { _ in language },
      injection: injection)
  }

  /// Creates the cell for programs in a pairing, with a fault: `jobs/three[c>swift,client:mq_timedsend.2,EINTR]`.
  ///
  /// Without an injection, the cell records the programs' system calls.
  init(_ scenario: Scenario, _ pairing: Pairing, _ injection: Injection?) {
    let words = [pairing.description] + scenario.parameters.map { "\($0.name)=\($0.value)" }
    self.init(
      scenario, words: words + Self.words(of: injection), languages: pairing.languages, injection: injection)
  }

  private static func words(of injection: Injection?) -> [String] {
    guard let injection else { return ["recording"] }
    let call = "\(injection.call).\(injection.occurrence)"
    guard let request = injection.request, let operation = injection.operation else {
      return ["\(injection.role):\(call)", injection.fault.rawValue]
    }
    return ["\(injection.role):\(request):\(operation)", call, injection.fault.rawValue]
  }

  private init(_ scenario: Scenario, words: [String], languages: [String], injection: Injection?) {
    self.init(
      id: "\(scenario.id)[\(words.joined(separator: ","))]", scenario: scenario.id, mechanism: scenario.mechanism,
      title: scenario.title, spec: scenario.spec, level: scenario.level,
      pairing: zip(scenario.roles, languages).map { Assignment(role: $0.name, language: $1) },
      parameters: Dictionary(scenario.parameters.map { ($0.name, $0.value) }) { first, _ in first },
      location: scenario.location, injection: injection)
  }
}
