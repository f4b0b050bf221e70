/// The parsers of steps that send no request.
extension StepParser {
  func directive(_ key: SourceText, _ text: SourceText) -> [Step] {
    let words = text.words
    guard let first = words.first else { return [] }

    func steps(_ action: (Role) -> Step.Action?) -> [Step] {
      members(first).compactMap { role, _ in
        action(role).map {
          Step(
            action: $0, text: ([key.text + ":", role.name] + words.dropFirst().map(\.text)).joined(separator: " "),
            location: key.location)
        }
      }
    }
    func alone(_ action: (Role) -> Step.Action?) -> [Step] {
      if words.count > 1 {
        log.add(words[1].location, "'\(key.text):' takes a role and nothing else")
      }
      return steps(action)
    }

    switch key.text {
    case "kill": return alone { .signal(role: $0.name, .kill) }
    case "stop": return alone { .signal(role: $0.name, .stop) }
    case "continue": return alone { .signal(role: $0.name, .continue) }
    case "interrupt": return alone { .signal(role: $0.name, .interrupt) }
    case "end": return alone { .endInput(role: $0.name) }
    case "signal":
      guard words.count == 2 else {
        log.add(text.location, "write this as 'signal: server SIGTERM'")
        return []
      }
      guard let signal = signal(words[1]) else { return [] }
      return steps { .signal(role: $0.name, signal) }
    case "ready":
      guard let readiness = ready(Array(words.dropFirst())) else { return [] }
      return steps { .ready(role: $0.name, readiness) }
    case "start":
      return alone { role in
        guard role.part != .peer else {
          log.add(first.location, "'\(role.name)' is a peer, which starts with its first request")
          return nil
        }
        return .start(role: role.name)
      }
    case "wait":
      guard let end = terminationStatus(Array(words.dropFirst()), of: first) else { return [] }
      return steps { .waitForEnd(role: $0.name, end) }
    case "sleeps":
      guard words.count == 3, words[1].text == "in" else {
        log.add(text.location, "write this as 'sleeps: reader in openat|read'")
        return []
      }
      let calls = words[2].text.split(separator: "|").map(String.init)
      return steps { .sleeps(role: $0.name, systemCalls: calls) }
    case "asleep": return alone { .asleep(role: $0.name) }
    case "calls":
      guard words.count == 3, words[1].text == "<=", let count = Int(words[2].text), count > 0 else {
        log.add(text.location, "write this as 'calls: reader <= 64'")
        return []
      }
      return steps { .calls(role: $0.name, atMost: count) }
    default: return objects(key, words)
    }
  }

  /// Parses `-> exit 0`, `-> exit not 0` or `-> killed SIGKILL`.
  private func terminationStatus(_ words: [SourceText], of role: SourceText) -> TerminationStatus? {
    let texts = words.map(\.text)
    switch texts.count {
    case 3 where texts[0] == "->" && texts[1] == "exit":
      if let status = Int32(texts[2]), (0...255).contains(status) { return .exit(status) }
    case 3 where texts[0] == "->" && texts[1] == "killed":
      _ = signal(words[2])
      return .signal(texts[2])
    case 4 where texts[0] == "->" && texts[1] == "exit" && texts[2] == "not" && texts[3] == "0": return .failure
    default: break
    }
    let suggestions = [(index: 1, known: ["exit", "killed"]), (index: 2, known: ["not"])]
    for (index, known) in suggestions where texts.first == "->" && texts.count > index && Int(texts[index]) == nil {
      guard !known.contains(texts[index]), let word = Suggestion.nearest(to: texts[index], among: known) else {
        continue
      }
      log.add(words[index].location, "unknown word '\(texts[index])'; did you mean '\(word)'?")
      return nil
    }
    log.add(
      (words.first ?? role).location,
      "the role must be followed by '-> exit 0', '-> exit not 0' or '-> killed SIGKILL'")
    return nil
  }

  private func objects(_ key: SourceText, _ words: [SourceText]) -> [Step] {
    let kinds = ObjectKind.counted.map(\.rawValue)
    let isMode = { (word: SourceText) in word.text.hasPrefix("mode=") }
    let mode = words.first(where: isMode).map { String($0.text.dropFirst("mode=".count)) }
    if let mode, Int(mode, radix: 8) == nil || mode.hasPrefix("0") {
      log.add(key.location, "'mode=\(mode)' is not octal without a leading zero, as in mode=640")
    }
    let expectations = words.filter { !isMode($0) }.compactMap { word -> ObjectCount? in
      guard let equals = word.firstIndex(of: "="), let count = Int(word[(equals + 1)...].text), count >= 0 else {
        log.add(word.location, "'\(word.text)' is not of the form KIND=COUNT, as in sem=1")
        return nil
      }
      let name = word[..<equals].text
      guard let kind = ObjectKind.counted.first(where: { $0.rawValue == name }) else {
        log.add(word.location, "unknown kind '\(name)'\(Suggestion.clause(for: name, among: kinds))")
        return nil
      }
      return ObjectCount(kind: kind, count: count, mode: mode)
    }
    let text = "objects: " + words.map(\.text).joined(separator: " ")
    return [Step(action: .objects(expectations), text: text, location: key.location)]
  }

  /// Parses `hand: {writer.r: reader.r}`.
  ///
  /// A group on one side expands to one step for each of its roles; groups on both sides are paired by number.
  func hand(_ key: SourceText, _ value: FixtureDocument.Value) -> [Step] {
    (value.map("'hand'") ?? []).flatMap { from, value -> [Step] in
      guard let to = value.text("a handle") else { return [] }
      let sources = references(from)
      let destinations = references(to)
      let pairs =
        sources.count == destinations.count
        ? Array(zip(sources, destinations))
        : sources.flatMap { source in destinations.map { (source, $0) } }
      return pairs.map {
        Step(action: .hand(from: $0, to: $1), text: "hand: {\($0): \($1)}", location: key.location)
      }
    }
  }

  private func references(_ text: SourceText) -> [HandleReference] {
    guard let dot = text.firstIndex(of: "."), dot > 0, dot < text.count - 1 else {
      log.add(text.location, "'\(text.text)' is not of the form ROLE.HANDLE")
      return []
    }
    return members(text[..<dot]).compactMap { role, number in
      guard role.part == .peer else {
        log.add(text.location, "'\(role.name)' is a program, which has no handles")
        return nil
      }
      return HandleReference(role: role.name, handle: fill(text[(dot + 1)...], number).text)
    }
  }
}
