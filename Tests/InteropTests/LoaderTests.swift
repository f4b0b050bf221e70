import Foundation
import Testing

@testable import Interop

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

@Suite("The loader of scenarios")
struct LoaderTests {
  static let sound = """
    - id: test/sound
      title: A byte goes through a pipe.
      spec: pipe(7)
      level: must
      roles: [reader, writer]
      with: {bytes: [1, 2]}
      steps:
        - reader: pipe2 reader=r writer=w
        - hand: {reader.w: writer.w}
        - writer: write handle=w pattern=1 count={bytes} -> return={=sent}
        - reader: read handle=r count={bytes*100} pattern=1 -> return={sent} differs=none
        - reader: read handle=r count=100 -> blocks
        - kill: writer
        - reader: -> error EAGAIN|EINTR
        - census: shm=0 sem=0
    """

  static let vocabulary = ScenarioLoader.Source(
    file: "operations.yaml",
    bytes: Data(
      """
      pid: {}
      pipe2: {takes: [reader, writer, flags], opens: [reader, writer]}
      read: {takes: [handle, count, pattern], sleeps: [read]}
      write: {takes: [handle, buf, count, pattern], sleeps: [write]}
      close: {takes: [handle], closes: handle}
      """.utf8))

  static func load(_ texts: String...) throws(LoadErrors) -> [Scenario] {
    try ScenarioLoader.load(
      texts.map { ScenarioLoader.Source(file: "test.yaml", bytes: Data($0.utf8)) }, vocabulary: vocabulary
    ).scenarios
  }

  static func mistakes(_ text: String) -> [String] {
    do {
      _ = try load(text)
      return []
    } catch {
      return error.mistakes.map(\.description)
    }
  }

  @Test("A sound scenario becomes one value for each row of its parameters")
  func soundScenario() throws {
    let scenarios = try Self.load(Self.sound)
    #expect(scenarios.map { $0.parameters.map(\.value) } == [["1"], ["2"]])
    let scenario = try #require(scenarios.first)
    #expect(scenario.mechanism == "test")
    #expect(scenario.steps.count == 8)
    #expect(scenario.steps[2].text == "writer: write handle=w pattern=1 count=1 -> return={=sent}")
    #expect(scenario.steps[2].location.description == "test.yaml:10:7")
  }

  @Test("A slip is told with its place and with what would be right", arguments: slips)
  func slip(_ slip: Slip) {
    #expect(Self.sound.contains(slip.right))
    #expect(Self.mistakes(Self.sound.replacingOccurrences(of: slip.right, with: slip.wrong)) == slip.mistakes)
  }

  @Test("All slips of a file are told at once, in the order of the lines")
  func severalSlips() {
    let text = Self.sound
      .replacingOccurrences(of: "level: must", with: "level: most")
      .replacingOccurrences(of: "writer: write", with: "writer: wirte")
      .replacingOccurrences(of: "sem=0", with: "sme=0")
    #expect(
      Self.mistakes(text) == [
        "test.yaml:4:10: 'most' is not a level; did you mean 'must'?",
        "test.yaml:10:15: unknown operation 'wirte'; did you mean 'write'?",
        "test.yaml:15:21: unknown kind 'sme'; did you mean 'sem'?",
      ])
  }

  @Test("An id that stands twice is told with the place of the other")
  func doubleID() {
    #expect(
      Self.mistakes("\(Self.sound)\n\(Self.sound)") == [
        "test.yaml:16:3: the id 'test/sound' is taken already at test.yaml:1:3"
      ])
  }

  static let slips: [Slip] = [
    Slip(
      "an unknown key", "  level:", "  leve:",
      "test.yaml:1:3: the scenario has no 'level'",
      "test.yaml:4:3: a scenario has no key 'leve'; did you mean 'level'?"),
    Slip(
      "a key that is missing", "  spec: pipe(7)\n", "",
      "test.yaml:1:3: the scenario has no 'spec'"),
    Slip(
      "an id of another file", "id: test/sound", "id: tset/sound",
      "test.yaml:1:7: an id in this file is 'test/' and a name of small letters, digits and dashes, not 'tset/sound'"),
    Slip(
      "no title", "title: A byte goes through a pipe.", "title:",
      "test.yaml:2:9: 'title' is a text, not nothing"),
    Slip(
      "a list where a text is due", "spec: pipe(7)", "spec: [pipe]",
      "test.yaml:3:9: 'spec' is a text, not a list"),
    Slip(
      "a text where a list is due", "roles: [reader, writer]", "roles: reader",
      "test.yaml:5:10: here stands a list of roles, not the text 'reader'"),
    Slip(
      "a role that no step uses", "[reader, writer]", "[reader, writer, idler]",
      "test.yaml:5:10: no step uses the role 'idler'"),
    Slip(
      "a role that stands twice", "[reader, writer]", "[reader, writer, reader]",
      "test.yaml:5:27: the role 'reader' stands twice"),
    Slip(
      "a role named like a step", "[reader, writer]", "[reader, writer, kill]",
      "test.yaml:5:27: 'kill' is no name of a role: small letters, digits and dashes, and no word of a step"),
    Slip(
      "a group that is too large", "[reader, writer]", "[reader, writer, extra-1..100]",
      "test.yaml:5:27: a group of roles is written 'writer-1..8', with at most 64 of them"),
    Slip(
      "an unknown role", "- writer: write", "- wirter: write",
      "test.yaml:10:7: unknown role or step 'wirter'; did you mean 'writer'?"),
    Slip(
      "an unknown kind of step", "- kill: writer", "- klil: writer",
      "test.yaml:13:7: unknown role or step 'klil'; did you mean 'kill'?"),
    Slip(
      "an unknown role to kill", "- kill: writer", "- kill: wroter",
      "test.yaml:13:13: unknown role or step 'wroter'; did you mean 'writer'?"),
    Slip(
      "an unknown operation", "read handle=r count=100 ->", "raed handle=r count=100 ->",
      "test.yaml:12:15: unknown operation 'raed'; did you mean 'read'?"),
    Slip(
      "an unknown parameter", "write handle=w", "write hanlde=w",
      "test.yaml:10:21: 'write' takes no 'hanlde'; did you mean 'handle'?"),
    Slip(
      "a parameter twice", "write handle=w", "write handle=w handle=w",
      "test.yaml:10:30: 'handle' stands twice"),
    Slip(
      "a value with a space in it", "write handle=w", "write handle=w two words",
      "test.yaml:10:30: 'two' is not of the form key=value; a space in a value is written %20",
      "test.yaml:10:34: 'words' is not of the form key=value; a space in a value is written %20"),
    Slip(
      "a bad percent", "write handle=w", "write handle=w%0",
      "test.yaml:10:28: a '%' is followed by two hexadecimal digits; a '%' itself is written %25"),
    Slip(
      "a letter that must be encoded", "write handle=w", "write handle=w!",
      "test.yaml:10:28: a '!' in a value is written %21"),
    Slip(
      "an unknown variable", "count={bytes}", "count={byts}",
      "test.yaml:10:47: unknown variable 'byts'; did you mean 'bytes'? (a capture must stand in an earlier step)"),
    Slip(
      "a brace that is open", "count={bytes}", "count={bytes",
      "test.yaml:10:46: this '{' has no '}' behind it in the same word"),
    Slip(
      "a capture before it is made", "count={bytes}", "count={sent} buf={bytes}",
      "test.yaml:10:47: unknown variable 'sent'; it is one of abstract, bytes, fifo, key, mq, path, reader.pid, shm, writer.pid (a capture must stand in an earlier step)"
    ),
    Slip(
      "the pid of nobody", "count={bytes}", "count={bytes} buf={wroter.pid}",
      "test.yaml:10:59: unknown role 'wroter'; did you mean 'writer'?"),
    Slip(
      "reckoning with an unknown parameter", "count={bytes}", "count={bytes+byte}",
      "test.yaml:10:47: unknown parameter 'byte'; did you mean 'bytes'?"),
    Slip(
      "reckoning that overflows", "count={bytes}", "count={bytes*9223372036854775807+bytes}",
      "test.yaml:10:47: the result does not fit into 64 bits"),
    Slip(
      "reckoning with a word", "[1, 2]", "[one]",
      "test.yaml:11:36: the parameter 'bytes' is 'one' here, and one cannot reckon with that"),
    Slip(
      "a parameter that nothing mentions", "{bytes: [1, 2]}", "{bytes: [1], unused: [2]}",
      "test.yaml:6:9: nothing mentions the parameter 'unused'"),
    Slip(
      "a parameter without values", "{bytes: [1, 2]}", "{bytes: []}",
      "test.yaml:6:17: 'bytes' has no value"),
    Slip(
      "rows that differ", "{bytes: [1, 2]}", "[{bytes: 1}, {byte: 2}]",
      "test.yaml:6:9: each row has the same parameters; one has bytes, another byte"),
    Slip(
      "a parameter of a taken name", "{bytes: [1, 2]}", "{bytes: [1], key: [2]}",
      "test.yaml:6:22: 'key' cannot name a parameter: letters, digits and _, and none of number, mq, fifo, path, key"),
    Slip(
      "an unknown errno", "EAGAIN|EINTR", "EAGIAN|EINTR",
      "test.yaml:14:24: unknown errno 'EAGIAN'; did you mean 'EAGAIN'?"),
    Slip(
      "an error without its symbol", "error EAGAIN|EINTR", "error",
      "test.yaml:14:18: behind 'error' stands the symbol of an errno, as in 'error EAGAIN'"),
    Slip(
      "an unknown expectation", "-> blocks", "-> bocks",
      "test.yaml:12:42: unknown expectation 'bocks'; did you mean 'blocks'? (or a field, as in return=4)"),
    Slip(
      "nothing expected", "-> blocks", "->",
      "test.yaml:12:39: behind '->' stands what is expected: ok, error ERRNO, blocks, later, or fields"),
    Slip(
      "fields behind blocks", "-> blocks", "-> blocks return=1",
      "test.yaml:12:49: nothing stands behind 'blocks': the fields go to the step that takes the answer"),
    Slip(
      "blocks where nothing sleeps", "read handle=r count=100 -> blocks", "pid -> blocks",
      "test.yaml:12:15: 'pid' never sleeps in a system call, so it cannot be seen to block"),
    Slip(
      "an unknown kind of object", "shm=0 sem=0", "shm=0 seem=0",
      "test.yaml:15:21: unknown kind 'seem'; did you mean 'sem'?"),
    Slip(
      "a census without a number", "shm=0 sem=0", "shm=some",
      "test.yaml:15:15: 'shm=some' is not of the form KIND=COUNT, as in sem=1"),
    Slip(
      "an answer that nobody takes", "    - reader: -> error EAGAIN|EINTR\n", "",
      "test.yaml:12:7: nobody takes this answer; add '- reader: -> ok' behind it, or kill or end the role"),
    Slip(
      "an answer that is not there", "- reader: read handle=r count=100 -> blocks", "- reader: pid",
      "test.yaml:14:7: 'reader' has no answer to be taken: nothing before it is left with 'blocks' or 'later'"),
    Slip(
      "a question before the answer", "    - kill: writer", "    - reader: pid",
      "test.yaml:13:7: the answer of 'reader' to line 12 was not taken; '- reader: -> ok' goes before"),
    Slip(
      "a question to the dead", "- census: shm=0 sem=0", "- writer: pid",
      "test.yaml:15:7: 'writer' was killed before"),
    Slip(
      "a wait for somebody who stays", "- census: shm=0 sem=0", "- wait: reader -> exit 0",
      "test.yaml:15:7: 'reader' does not end by itself; 'kill: reader' or 'end: reader' goes before"),
    Slip(
      "an end that cannot be", "- census: shm=0 sem=0", "- wait: writer -> gone",
      "test.yaml:15:20: behind the role stands '-> exit 0', '-> exit not 0' or '-> killed SIGKILL'"),
    Slip(
      "a signal that does not exist", "- census: shm=0 sem=0", "- wait: writer -> killed SIGKIL",
      "test.yaml:15:30: unknown signal 'SIGKIL'; did you mean 'SIGKILL'?"),
    Slip(
      "a peer that is started", "- census: shm=0 sem=0", "- start: reader",
      "test.yaml:15:14: 'reader' is a peer, and is started when it is first needed"),
    Slip(
      "a handle handed too late", "- census: shm=0 sem=0", "- hand: {reader.r: writer.r}",
      "test.yaml:15:7: a descriptor can be handed only to a role that has not started, and 'writer' has"),
    Slip(
      "a handle without its role", "{reader.w: writer.w}", "{w: writer.w}",
      "test.yaml:9:14: 'w' is not of the form ROLE.HANDLE"),
    Slip(
      "two keys in one step", "    - kill: writer", "    - {kill: writer, end: writer}",
      "test.yaml:13:7: a step is a map of one key, and this one has 2"),
    Slip(
      "a step that is no map", "    - kill: writer", "    - kill writer",
      "test.yaml:13:7: a step is a map, not the text 'kill writer'"),
    Slip(
      "a key twice", "  level: must", "  level: must\n  level: must",
      "test.yaml:4:3: the key 'level' stands twice in one map; keep one of them"),
    Slip(
      "a tab", "  level: must", "\tlevel: must",
      "test.yaml:4:1: this is no YAML: while scanning a plain scalar, found a tab character that violates indentation"),
  ]
}
