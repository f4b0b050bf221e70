extension Unicode.Scalar {
  /// Whether a terminal, browser or parser might not treat the scalar as a visible character.
  ///
  /// This includes control characters and therefore escape sequences, marks that change the direction of text, and
  /// scalars that are not allowed in XML or YAML.
  var isUnsafeToDisplay: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }
}

extension StringProtocol {
  /// The text with its invisible characters escaped.
  ///
  /// Escapes such as `\n`, `\x1b` and `\u{202e}` keep peer output from controlling a terminal or a CI service. A second
  /// `#` is escaped, because `##[` and `##vso[` begin commands anywhere in a line.
  var escapedForDisplay: String { escapingUnsafe { _ in false } }

  /// The lines of the text, each escaped.
  ///
  /// A newline at the end of the text does not begin another line.
  package var linesEscapedForDisplay: [String] {
    var lines = escapingUnsafe { $0 == "\n" }.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map(String.init)
  }

  private func escapingUnsafe(except isKept: (Unicode.Scalar) -> Bool) -> String {
    var text = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      let isSecondMark = scalar == "#" && text.last == "#"
      guard scalar.isUnsafeToDisplay || isSecondMark, !isKept(scalar) else {
        text.append(scalar)
        continue
      }
      let hexadecimal = String(scalar.value, radix: 16)
      switch scalar {
      case "\n": text.append(contentsOf: #"\n"#.unicodeScalars)
      case "\r": text.append(contentsOf: #"\r"#.unicodeScalars)
      case "\t": text.append(contentsOf: #"\t"#.unicodeScalars)
      case _ where scalar.isASCII:
        text.append(contentsOf: (scalar.value < 16 ? #"\x0"# : #"\x"#).unicodeScalars)
        text.append(contentsOf: hexadecimal.unicodeScalars)
      default: text.append(contentsOf: #"\u{\#(hexadecimal)}"#.unicodeScalars)
      }
    }
    return String(text)
  }
}
