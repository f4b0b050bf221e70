extension String {
  /// For an attribute or for the text of an element, in XML and in HTML. What XML cannot even escape, such as most
  /// control characters, must have been made harmless before.
  var escapedForXML: String {
    var escaped = ""
    for character in unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      // Also because `]]>` may not stand in the text of an element.
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  /// By scalars: a mark with an accent on it is a character of its own, but not to a parser.
  func withBackslash(before marks: Set<Unicode.Scalar>) -> String {
    unicodeScalars.map { marks.contains($0) ? "\\\($0)" : String($0) }.joined()
  }

  /// A string of YAML and of JSON, in quotation marks. What is not harmless must have been made so before.
  var quoted: String {
    #"""# + withBackslash(before: ["\\", "\""]) + #"""#
  }
}
