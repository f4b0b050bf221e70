/// Parses the text after `->`.
struct ExpectationParser {
  let log: DiagnosticLog
  /// The operation that the response belongs to; nil if unknown.
  var operation: Operation?

  private static let words = ["ok", "error", "blocks", "later"]

  /// Parses an expectation, and adds the variables that it captures to `templates`.
  func parse(_ words: [SourceText], templates: inout TemplateParser) -> ExpectedResponse {
    guard let first = words.first else { return .ok([]) }
    let rest = Array(words.dropFirst())
    switch first.text {
    case "ok": return .ok(responseFields(rest, &templates))
    case "blocks", "later":
      if let extra = rest.first {
        log.add(extra.location, "'\(first.text)' takes no fields: write them in the step that takes the response")
      }
      return first.text == "blocks" ? .blocks : .later
    case "error":
      guard let symbols = rest.first else {
        log.add(first.location, "'error' must be followed by the symbol of an errno, as in 'error EAGAIN'")
        return .error([], [])
      }
      return .error(errnos(symbols), fields(Array(rest.dropFirst()), &templates))
    case let word where !word.contains("="):
      // A word with < or > is a comparison of a field.
      if word.contains(where: { "<>".contains($0) }) { return .ok(responseFields(words, &templates)) }
      let clause =
        Self.errorClause(for: first.text, rest.first?.text)
        ?? "\(Suggestion.clause(for: word, among: Self.words)) (or a field, as in return=4)"
      log.add(first.location, "unknown expectation '\(word)'\(clause)")
      return .ok([])
    case let word where word.hasPrefix("errno="):
      let symbol = String(word.dropFirst("errno=".count))
      let clause = Self.errorClause(for: "errno", symbol) ?? ""
      log.add(first.location, "unknown expectation '\(word)'\(clause)")
      return .ok([])
    default: return .ok(responseFields(words, &templates))
    }
  }

  /// Returns a clause that suggests `error ERRNO` in place of `errno ERRNO` or `ERRNO`; nil for other words.
  private static func errorClause(for word: String, _ next: String?) -> String? {
    func symbol(_ text: String) -> String? {
      ErrnoSymbols.all.contains(text) ? text : Suggestion.nearest(to: text, among: ErrnoSymbols.all.sorted())
    }
    let found: String? =
      if ["errno", "err", "fails"].contains(word.lowercased()) {
        next.flatMap(symbol) ?? "ERRNO"
      } else if word.hasPrefix("E"), word == word.uppercased() { symbol(word) } else { nil }
    return found.map { "; did you mean 'error \($0)'?" }
  }

  private func errnos(_ symbols: SourceText) -> [String] {
    let names = symbols.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    for name in names where !ErrnoSymbols.all.contains(name) {
      log.add(symbols.location, "unknown errno '\(name)'\(Suggestion.clause(for: name, among: ErrnoSymbols.all))")
    }
    return names
  }

  /// Parses the fields of a successful response; the operation must have these fields.
  private func responseFields(_ words: [SourceText], _ templates: inout TemplateParser) -> [ExpectedField] {
    words.compactMap { word in
      let field = field(word, &templates)
      if let field, let operation, let known = operation.responds, !known.contains(field.key) {
        let clause = Suggestion.clause(for: field.key, among: known)
        log.add(word.location, "the response to '\(operation.name)' has no '\(field.key)'\(clause)")
      }
      return field
    }
  }

  private func fields(_ words: [SourceText], _ templates: inout TemplateParser) -> [ExpectedField] {
    words.compactMap { field($0, &templates) }
  }

  private func field(_ word: SourceText, _ templates: inout TemplateParser) -> ExpectedField? {
    let text = word.text
    guard let (key, sign) = Self.comparison(text), !key.isEmpty else {
      log.add(word.location, "'\(text)' is not an expectation of a field, as return=4, return>=1 or pid={=name}")
      return nil
    }
    let value = word[(key + sign).utf8.count...]
    let valueText = value.text
    if sign == "=", valueText.hasPrefix("{="), valueText.hasSuffix("}") {
      let name = String(valueText.dropFirst(2).dropLast())
      if !Identifier.isVariable(name) || TemplateParser.isFresh(name) || templates.parameters.contains(name) {
        log.add(
          value.location, "'\(name)' cannot name a capture: use letters, digits and _, and no name that is in use")
      }
      templates.captured.insert(name)
      return ExpectedField(key: key, relation: .capture(name))
    }
    let template = templates.wireValue(value)
    let relation: ExpectedField.Relation =
      switch sign {
      case "!=": .notEqual(template)
      case "<=": .lessOrEqual(template)
      case ">=": .greaterOrEqual(template)
      case "<": .less(template)
      case ">": .greater(template)
      default: .equal(template)
      }
    return ExpectedField(key: key, relation: relation)
  }

  /// Splits `return>=4` at the first comparison sign.
  private static func comparison(_ text: String) -> (key: String, sign: String)? {
    guard let start = text.firstIndex(where: { "!=<>".contains($0) }) else { return nil }
    let rest = text[start...]
    guard let sign = ["!=", "<=", ">=", "=", "<", ">"].first(where: rest.hasPrefix) else { return nil }
    return (String(text[..<start]), sign)
  }
}

/// The symbolic errno(3) names on Linux.
enum ErrnoSymbols {
  static let all: Set<String> = Set(
    """
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED ECHILD \
    ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG EHOSTUNREACH EIDRM \
    EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE ENAMETOOLONG ENETDOWN \
    ENETUNREACH ENFILE ENOBUFS ENODATA ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS \
    ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD \
    EPERM EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESPIPE ESRCH ESTALE ETIME ETIMEDOUT ETOOMANYREFS \
    ETXTBSY EWOULDBLOCK EXDEV
    """.split(separator: " ").map(String.init))
}
