import Foundation
import Testing

@testable import Harness

@Suite("A peer list")
struct PeerListTests {
  private func load(_ texts: String...) throws -> PeerList {
    let folder = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var files: [String] = []
    for (number, text) in texts.enumerated() {
      let file = folder.appending(path: "\(number).yaml")
      try Data(text.utf8).write(to: file)
      files.append(file.path)
    }
    return try DiagnosticLog.collect { PeerList.load(files: files, Installation(root: "/root"), log: $0) }
  }

  @Test("keeps its reference when a later file replaces it") func replacesReference() throws {
    let peers = try load("c: {peer: build/c}\nswift: {peer: build/swift}", "c: {peer: /other/c --fast, replaces: true}")
    #expect(peers.reference.language == "c" && peers.reference.peer == ["/other/c", "--fast"])
    #expect(peers.peers.map(\.language) == ["c", "swift"])
  }

  @Test("resolves a command that begins with a dot relative to its file, and others relative to the root")
  func relativeCommands() throws {
    let peers = try load("a: {peer: ./mine --fast}\nb: {peer: ../mine}\nc: {peer: build/mine}").peers
    let commands = peers.compactMap { $0.peer?.joined(separator: " ") }
    let folder = FileManager.default.temporaryDirectory.standardizedFileURL.path
    #expect(commands[0].hasPrefix("\(folder)/peers-") && commands[0].hasSuffix("/mine --fast"))
    #expect(commands.dropFirst() == ["\(folder)/mine", "/root/build/mine"])
    #expect(peers.allSatisfy { $0.directory == nil })
  }

  @Test("sets its own directory as the working directory only for a peer whose command names a file there")
  func directories() throws {
    let peers = try load("a: {peer: sh 0.yaml}\nb: {peer: ./sh --flag 0.json}\nc: {peer: sh /0.yaml}").peers
    let folder = FileManager.default.temporaryDirectory.standardizedFileURL.path
    #expect(peers[0].directory?.hasPrefix("\(folder)/peers-") == true)
    #expect(peers[1].directory == nil && peers[2].directory == nil)
  }

  @Test("reports a placeholder other than {program} in a command for programs, with its position") func placeholders() {
    let error = #expect(throws: FixtureErrors.self) {
      try load(
        """
        a: {peer: "sh {x}", programs: "./{prgram} --flag"}
        b:
          programs:
            server: ./bin/{name} {program}
        c: {programs: "sh -c '${HOME}/{program} {}'"}
        """)
    }
    #expect(
      error?.diagnostics.map { "\($0.location.line):\($0.location.column): \($0.message)" } == [
        "1:34: unknown placeholder '{prgram}'; did you mean '{program}'?",
        "4:19: unknown placeholder '{name}'; the only placeholder is {program}",
      ])
  }

  @Test("replaces the placeholder in the command for one program") func namedPrograms() throws {
    let peers = try load("a:\n  programs:\n    server: /bin/{program} --name={program}").peers
    #expect(peers[0].program("server") == ["/bin/server", "--name=server"])
  }

  @Test("omits unbuilt languages from an optional file") func optional() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "more.yaml").path
    try Data("a: {peer: /bin/sh}\nb: {peer: build/b}\nd: {peer: no-such-interpreter ./x}".utf8)
      .write(to: URL(filePath: file))
    let root = Installation(root: folder.path)
    let peers = try DiagnosticLog.collect { PeerList.load(files: [file], root, mayLack: [file], log: $0) }
    #expect(peers.peers.map(\.language) == ["a"])
    #expect(
      peers.leftOut.map(\.note) == [
        "b is left out: there is no ./build/b", "d is left out: there is no /usr/bin/no-such-interpreter",
      ])
  }

  @Test("omits only languages with 'optional: true' from other files, and accepts another name in the greeting")
  func optionalLanguage() throws {
    let peers = try load("a: {peer: build/a, greets-as: c}\nb: {peer: build/b, optional: true}")
    #expect(peers.peers.map(\.language) == ["a"] && peers.peers.map(\.greetsAs) == ["c"])
    #expect(peers.leftOut.map(\.language) == ["b"])
  }

  @Test("reports an error for a peer in a --peers file whose program is missing") func missingPeer() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "peers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "mine.yaml").path
    try Data("a: {peer: /bin/sh ./gone.sh}\nb: {peer: ./b}\nd: {peer: /bin/sh --socket /no/socket}\n".utf8)
      .write(to: URL(filePath: file))
    let root = Installation(root: folder.path)
    let error = #expect(throws: FixtureErrors.self) {
      try DiagnosticLog.collect { PeerList.load(files: [file], root, mustHave: [file], log: $0) }
    }
    let texts = error?.diagnostics.map { "\($0)" } ?? []
    #expect(texts.count == 2)
    #expect(texts.first?.contains("mine.yaml:1:1: the peer 'a' has no program: there is no file ") == true, "\(texts)")
    #expect(texts.last?.contains("/b; build it, or add 'optional: true'") == true, "\(texts)")
  }

  @Test("does not have a program whose file does not exist") func missingProgram() {
    let peer = PeerDescription(language: "sh", peer: nil, programs: ["/bin/{program}"])
    #expect(peer.missingProgram("sh") == nil)
    #expect(peer.missingProgram("no-such-program") == "/bin/no-such-program")
    #expect(PeerDescription(language: "sh", peer: nil, programs: ["/bin/sh", "{program}"]).missingProgram("x") == nil)
  }

  @Test("rejects a later file that replaces a language without 'replaces: true'") func refusesReplacement() throws {
    #expect { try load("c: {peer: build/c}", "c: {peer: /other/c}") } throws: {
      "\($0)".contains(":1:1: the language 'c' is already defined at ")
        && "\($0)".contains("0.yaml:1:1; choose another name, or add 'replaces: true'")
    }
  }

  @Test("reports every error in every file at once") func allErrors() throws {
    let error = #expect(throws: FixtureErrors.self) { try load("c: {pear: a}\nD: {peer: b}", "e: {peer: []}") }
    #expect(error?.diagnostics.count == 4)
  }

  @Test(
    "rejects a language with neither a peer nor programs",
    arguments: ["c: {}", "c: {peer: [a, b]}", "c: {peer: ''}", "c: {pear: a}", "'': {peer: build/c}", "[]", ""])
  func refuses(text: String) {
    #expect(throws: FixtureErrors.self) { try load(text) }
  }

  @Test(
    "rejects a language name that would be ambiguous in a cell id",
    arguments: ["'*'", "'c>swift'", "'a,b]'", "C", "7", "-c"])
  func refusesName(name: String) {
    #expect { try load("\(name): {peer: build/c}") } throws: { "\($0)".contains("cannot be a language") }
  }
}
