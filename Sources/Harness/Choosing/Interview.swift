/// The questions about requirements, asked in order, one at a time.
///
/// An empty answer skips a question.
public struct Interview: Sendable {
  /// The answers so far.
  public private(set) var requirements = Requirements()
  private let guide: MechanismGuide
  private var topics: [Topic]

  /// The subject of a question.
  private enum Topic: CaseIterable {
    case purpose, place, relation, form, rest, size, rate
  }

  /// The possible answers to a question that allows only one answer.
  private static let place: [Need] = [.sameMachine, .network]
  private static let relation: [Need] = [.related, .unrelated]
  private static let form: [Need] = [.boundaries, .byteStream, .lines]

  /// Starts with the first question.
  public init(_ guide: MechanismGuide) {
    self.guide = guide
    topics = Topic.allCases
  }

  /// The text of the next question with its numbered answers; nil if no questions remain.
  public var question: String? {
    guard let topic = topics.first else { return nil }
    switch topic {
    case .purpose: return Self.list("What do the processes do?", Purpose.allCases.map(\.title))
    case .place: return Self.list("Where do the processes run?", choices(topic).map(\.title))
    case .relation: return Self.list("How are the processes started?", choices(topic).map(\.title))
    case .form: return Self.list("What is transferred?", choices(topic).map(\.title))
    case .rest:
      return Self.list(
        "What else is needed? Several numbers are possible.", choices(topic).map(\.title) + lossAnswer)
    case .size: return "How many bytes has the largest message? (such as 64, 4K or 1M)\n> "
    case .rate: return "How many messages per second? (such as 1000 or 1M)\n> "
    }
  }

  /// Accepts the answer to the current question.
  ///
  /// - Throws: A `RequirementError` if the answer is invalid; the question remains current.
  public mutating func answer(_ line: String) throws(RequirementError) {
    guard let topic = topics.first else { return }
    let words = line.split { $0 == " " || $0 == "," }.map(String.init)
    switch topic {
    case .size: requirements.size = try words.first.map(Self.quantity)
    case .rate: requirements.rate = try words.first.map(Self.quantity)
    case .purpose:
      let chosen = try Self.chosen(words, of: Purpose.allCases.count)
      requirements.purpose = try Self.one(chosen).map { Purpose.allCases[$0] } ?? .transfer
    case .place, .relation, .form:
      let answers = choices(topic)
      if let number = try Self.one(try Self.chosen(words, of: answers.count)) {
        requirements.needs.insert(answers[number])
      }
    case .rest:
      let answers = choices(topic)
      for number in try Self.chosen(words, of: answers.count + lossAnswer.count) {
        if number < answers.count {
          requirements.needs.insert(answers[number])
        } else {
          requirements.lossAllowed = true
        }
      }
    }
    topics = topics.dropFirst().filter(isPossible)
  }

  /// The answer that messages may be lost; offered only for a transfer of messages.
  private var lossAnswer: [String] { requirements.purpose == .transfer ? ["single messages may be lost"] : [] }

  /// Whether the question makes sense for the purpose.
  private func isPossible(_ topic: Topic) -> Bool {
    switch topic {
    case .purpose: true
    case .place, .relation, .form, .rest: !choices(topic).isEmpty
    case .size: possible.contains(.large)
    case .rate: possible.contains(.fast)
    }
  }

  private var possible: [Need] { guide.needs(for: requirements.purpose ?? .transfer) }

  /// Returns the needs to offer as answers to a question.
  private func choices(_ topic: Topic) -> [Need] {
    let needs =
      switch topic {
      case .place: Self.place
      case .relation: Self.relation
      case .form: Self.form
      case .rest: Need.stated.filter { !(Self.place + Self.relation + Self.form).contains($0) }
      case .purpose, .size, .rate: [Need]()
      }
    let possible = possible
    let found = needs.filter(possible.contains)
    // Skip a question with only one possible answer, except the last question, which lists all other needs.
    return topic == .rest || found.count > 1 ? found : []
  }

  private static func list(_ question: String, _ answers: [String]) -> String {
    let lines = answers.enumerated().map { "  \("\($0 + 1)".aligned(to: 2))  \($1)\n" }
    return "\(question)\n\(lines.joined())> "
  }

  /// Returns the indices of the answers that the user has chosen by number, starting at 1.
  private static func chosen(_ words: [String], of count: Int) throws(RequirementError) -> [Int] {
    var numbers: [Int] = []
    for word in words {
      guard let number = Int(word), (1...count).contains(number) else {
        throw RequirementError(description: "'\(abbreviated(word))' is not a number from 1 to \(count)")
      }
      numbers.append(number - 1)
    }
    return numbers
  }

  private static func one(_ numbers: [Int]) throws(RequirementError) -> Int? {
    if numbers.count > 1 { throw RequirementError(description: "this question has one answer; type one number") }
    return numbers.first
  }

  /// Parses a number that may end in K (1024) or M (1024 × 1024).
  public static func quantity(_ text: String) throws(RequirementError) -> Int {
    let units: [(suffix: String, factor: Int)] = [("K", 1 << 10), ("M", 1 << 20)]
    let unit = units.first { text.uppercased().hasSuffix($0.suffix) }
    let digits = unit == nil ? text[...] : text.dropLast()
    guard digits.allSatisfy(\.isASCII), let number = Int(digits), number > 0, number <= 1_000_000_000 else {
      throw RequirementError(description: "'\(abbreviated(text))' is not a positive number such as 64, 4K or 1M")
    }
    return number * (unit?.factor ?? 1)
  }
}
