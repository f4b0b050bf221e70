import PeerProtocol
import Testing

@Suite("A greeting") struct GreetingTests {
  @Test("lists operations, and the options that the peer omits") func omissions() throws {
    let line =
      "hello contract=1 language=mine implementation=x operations=write,socket without=write:timeout,socket:domain:AF_INET6"
    let greeting = try Greeting(parsing: line)
    #expect(
      greeting.without == [
        Omission(operation: "write", parameter: "timeout"),
        Omission(operation: "socket", parameter: "domain", word: "AF_INET6"),
      ])
    #expect(greeting.description == line)
  }

  @Test("without omissions has no such field") func complete() throws {
    let greeting = try Greeting(parsing: "hello contract=1 language=mine implementation=x operations=pid")
    #expect(greeting.without.isEmpty && !greeting.description.contains("without"))
  }

  @Test(
    "with a malformed omission is rejected", arguments: ["write", "write:", ":timeout", "socket:domain:", "a:b:c:d"])
  func malformed(entry: String) {
    #expect(throws: ProtocolError.self) {
      try Greeting(parsing: "hello contract=1 language=mine operations=write without=\(entry)")
    }
  }
}
