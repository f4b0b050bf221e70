import Foundation
import Testing

@testable import Harness

/// A server that sends back what it receives.
///
/// A defect in its client therefore also shows in its replies.
@Suite(
  "A recorded pair with an echo", .serialized,
  .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/python3")))
struct EchoTests {
  private static let server = """
    import os, socket, sys
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(sys.argv[1]); s.listen(); print("ready", flush=True)
    c, _ = s.accept()
    c.sendall(b"hello;")
    c.sendall(c.recv(64).upper())
    os.unlink(sys.argv[1])
    """

  private static func client(_ text: String) -> String {
    """
    import socket, sys
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(sys.argv[1]); s.recv(6); s.sendall(b"\(text)"); s.recv(64)
    """
  }

  @Test("shows the original sender's difference before the echo's") func blame() async throws {
    try await onThread {
      let project = try TestProject()
      for (language, text) in [("c", "one"), ("port", "onE.")] {
        try project.write(Self.server, to: "\(language)/server.py")
        try project.write(Self.client(text), to: "\(language)/client.py")
        for role in ["server", "client"] {
          try project.addScript(
            "\(language)/\(role)",
            #"exec /usr/bin/python3 -S "\#(project.path)/\#(language)/\#(role).py" "$@""#)
        }
      }
      try project.write(
        """
        languages:
          c: './c/{program}'
          port: './port/{program}'
        scenarios:
          - id: echo
            title: A title.
            programs: {server: 'server {path}', client: 'client {path}'}
            steps:
              - start: server
              - prints: {server: ready}
              - start: client
              - wait: client -> exit 0
              - wait: server -> exit 0

        """, to: "interop.yaml")
      let recorded = try project.run(["record"], ["--runs", "1"])
      #expect(recorded.status == 0, "\(recorded.text)")
      for pair in ["port", "c:port"] {
        let run = try project.run(["check"], ["--pairs", pair, "--format", "json"])
        let sentences = run.text.split(separator: "\n").filter {
          $0.contains("\"reason\" : \"") && $0.contains("the socket")
        }
        let client = try #require(sentences.first { $0.contains("client (port): stream 1 ") }, "\(run.text)")
        #expect(!client.contains("sent different bytes first"))
        let server = try #require(sentences.first { $0.contains("\"server (") })
        #expect(server.contains("; client (port) sent different bytes first, which may be the cause"), "\(run.text)")
        #expect(run.text.contains("\"reason\" : \"client (port): stream 1 to the socket {path}"), "\(run.text)")
      }
    }
  }
}
