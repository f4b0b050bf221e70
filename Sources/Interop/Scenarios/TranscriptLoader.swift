import Foundation

/// Reads the golden transcripts of `fixtures/vectors/`: each becomes a scenario of one role, so that every peer that takes
/// part is held to them.
///
/// `# ` begins a comment, the first of which is the title; `> ` a request, and `< ` the answer to it, in which `*` stands
/// for any value. `{fresh}` is a name that no other cell has. A first `< ` without a request is the greeting, which every
/// peer is asked for anyway.
enum TranscriptLoader {
  static func scenario(file: String, text: String, log: MistakeLog) -> Scenario? {
    var steps: [Step] = []
    var title: String?
    var asked: (line: String, location: SourceLocation)?
    // By scalars: CR LF is one character to Swift, and ends no line of the contract.
    for (index, scalars) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let location = SourceLocation(file: file, line: index + 1, column: 1)
      let line = Substring(scalars)
      guard scalars.last != "\r" else {
        log.add(location, "the line ends with CR LF; those of the contract end with LF alone")
        return nil
      }
      let rest = String(line.dropFirst(2))
      switch line.prefix(2) {
      case "", "#": continue
      case "# ": title = title ?? rest
      case "> ":
        if let asked { log.add(asked.location, "the request has no answer: a line that begins with '< ' must follow") }
        asked = (rest, location)
      case "< " where asked == nil && steps.isEmpty && rest.hasPrefix("hello "): continue
      case "< ":
        guard let request = asked else {
          log.add(location, "the answer has no request: a line that begins with '> ' must come before it")
          continue
        }
        let action = Step.Action.transcript(role: "peer", asked: request.line, answered: rest)
        steps.append(Step(action: action, text: "> \(request.line)", location: request.location))
        asked = nil
      default: log.add(location, "a line begins with '# ', '> ' or '< ', not with '\(line.prefix(2))'")
      }
    }
    if let asked { log.add(asked.location, "the request has no answer: a line that begins with '< ' must follow") }
    guard !steps.isEmpty, let title else {
      log.add(whole: file, "a transcript has a title ('# ...') and at least one request with its answer")
      return nil
    }
    let name = file.split(separator: "/").last?.split(separator: ".").first ?? "transcript"
    return Scenario(
      id: "contract/\(name)", title: title, spec: "docs/peer-protocol.md", level: .must,
      roles: [Role(name: "peer", part: .peer, language: nil, isAnotherUser: false)], steps: steps,
      needs: [], parameters: [], pairings: .all, isNegativeControl: false,
      location: SourceLocation(file: file, line: 1, column: 1))
  }
}
