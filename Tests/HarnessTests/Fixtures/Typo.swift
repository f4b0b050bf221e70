import Testing

/// One error in an otherwise valid scenario, and the errors that the loader must report.
struct Typo: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let right: String
  let wrong: String
  let diagnostics: [String]

  init(_ description: String, _ right: String, _ wrong: String, _ diagnostics: String...) {
    testDescription = description
    self.right = right
    self.wrong = wrong
    self.diagnostics = diagnostics
  }
}
