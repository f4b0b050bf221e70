import Testing

/// One slip in an otherwise sound scenario, and what the loader must say of it.
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
