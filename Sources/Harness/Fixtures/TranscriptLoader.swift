import PeerProtocol

/// Reads the golden transcripts in `fixtures/vectors/`.
///
/// A line that begins with `# ` is a comment, and the first comment is the title. A `> ` line is a request, and the `<
/// ` line after it is its response, in which `*` matches any value. `{fresh}` is a name that is unique to each cell. A
/// `< ` line before the first request is the greeting. It is skipped here, because it is checked for every peer anyway.
enum TranscriptLoader {
  /// The part before the `/` in the id of each transcript.
  static let mechanism = "contract"

  static func scenario(file: String, text: String, log: DiagnosticLog) -> Scenario? {
    var steps: [Step] = []
    var title: String?
    var request: (line: String, location: SourceLocation)?
    func reportMissingResponse() {
      if let request {
        log.add(request.location, "the request has no response: a line that begins with '< ' must follow")
      }
    }
    // Split by scalars, because CR LF is a single character in Swift and does not end a protocol line.
    for (index, scalars) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let location = SourceLocation(file: file, line: index + 1, column: 1)
      let line = Substring(scalars)
      guard scalars.last != "\r" else {
        log.add(location, "the line ends with CR LF; use LF alone")
        return nil
      }
      let rest = String(line.dropFirst(2))
      switch line.prefix(2) {
      case "", "#": continue
      case "# ": title = title ?? rest
      case "> ":
        reportMissingResponse()
        request = (rest, location)
      case "< " where request == nil && steps.isEmpty && rest.hasPrefix("hello "): continue
      case "< ":
        guard let sent = request else {
          log.add(location, "the response has no request: a line that begins with '> ' must precede it")
          continue
        }
        let action = Step.Action.transcript(role: "peer", request: sent.line, response: rest)
        steps.append(Step(action: action, text: "> \(sent.line)", location: sent.location))
        request = nil
      default: log.add(location, "a line begins with '# ', '> ' or '< ', not with '\(line.prefix(2))'")
      }
    }
    reportMissingResponse()
    guard !steps.isEmpty, let title else {
      log.add(whole: file, "a transcript has a title ('# ...') and at least one request with its response")
      return nil
    }
    let name = file.split(separator: "/").last?.split(separator: ".").first ?? "transcript"
    return Scenario(
      id: "\(mechanism)/\(name)", title: title, spec: "docs/peer-protocol.md", level: .must,
      roles: [Role(name: "peer", part: .peer, language: nil)], steps: steps,
      needs: [], parameters: [], pairings: .all, isNegativeControl: false,
      location: SourceLocation(file: file, line: 1, column: 1))
  }
}
