import Testing

/// One slip in an otherwise sound scenario, and what the loader must say of it.
struct Slip: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let right: String
  let wrong: String
  let mistakes: [String]

  init(_ description: String, _ right: String, _ wrong: String, _ mistakes: String...) {
    testDescription = description
    self.right = right
    self.wrong = wrong
    self.mistakes = mistakes
  }
}
