import Testing

@testable import PeerProtocol

@Suite("A response")
struct ResponseTests {
  @Test("may name the C type that cannot hold a number in the request") func unrepresentable() throws {
    let response = try Response(parsing: "unsupported type=time_t")
    #expect(response == .unrepresentable(type: "time_t"))
    #expect(response.description == "unsupported type=time_t")
    #expect(try Response(parsing: "unsupported") == .unsupported)
  }

  @Test("has no other fields beside 'unsupported'", arguments: ["unsupported x=1", "unsupported type=a x=1"])
  func rejects(line: String) {
    #expect(throws: ProtocolError.self) { try Response(parsing: line) }
  }

  @Test("is preceded by a greeting that may name the C library and the ABI") func platform() throws {
    let line = "hello contract=1 language=c implementation=gcc-12 library=musl abi=i386 operations=pid"
    let greeting = try Greeting(parsing: line)
    #expect(greeting.library == "musl" && greeting.abi == "i386")
    #expect(greeting.description == line)
    #expect(try Greeting(parsing: "hello contract=1 language=c operations=pid").abi == nil)
  }
}
