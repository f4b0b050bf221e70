import Foundation
import IPC
import SystemPackage
import Testing

/// Each test runs in a child: the environment and descriptor 3 belong to the whole process.
@Suite struct ListenDescriptorsTests {
  @Test func `A listening socket is adopted by its name`() async {
    await #expect(processExitsWith: .success) {
      let address = try freshName()
      let listener = try UnixSocket.StreamListener(at: address)
      try withDescriptors([listener.descriptor, listener.descriptor]) {
        announce(process: "\(getpid())", count: "2", names: "echo")
        let inherited = try ListenDescriptors.take()
        #expect(inherited.map(\.name) == ["echo", "unknown"])
        #expect(inherited.map(\.descriptor.rawValue) == [3, 4])
        for one in inherited { #expect(isCloseOnExec(one.descriptor.rawValue) == true) }
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { #expect(unsafe getenv(name) == nil) }
        #expect(try ListenDescriptors.take() == [])
        let adopted = try UnixSocket.StreamListener(adopting: inherited[0].descriptor)
        try UnixSocket.Stream().connect(to: address)
        try adopted.accepted().close()
        _ = adopted.release()
      }
    }
  }

  @Test func `Descriptors of another process are ignored, and the variables removed`() async {
    await #expect(processExitsWith: .success) {
      announce(process: "\(getppid())", count: "1", names: "echo")
      let inherited = try ListenDescriptors.take()
      #expect(inherited == [])
      #expect(unsafe getenv("LISTEN_FDS") == nil)
    }
  }

  @Test(arguments: [["x", "1"], ["self", "x"], ["self", "-1"], ["self", "2147483647"]])
  func `Malformed variables are an error`(_ values: [String]) async {
    await #expect(processExitsWith: .success) { [values] in
      announce(process: values[0] == "self" ? "\(getpid())" : values[0], count: values[1], names: nil)
      #expect(reason { _ = try ListenDescriptors.take() } == .invalidArgument)
    }
  }

  @Test func `A descriptor that is not open is an error`() async {
    await #expect(processExitsWith: .success) {
      announce(process: "\(getpid())", count: "1000000", names: nil)
      #expect(reason { _ = try ListenDescriptors.take() } == .badFileDescriptor)
    }
  }
}

private func announce(process: String, count: String, names: String?) {
  _ = unsafe setenv("LISTEN_PID", process, 1)
  _ = unsafe setenv("LISTEN_FDS", count, 1)
  if let names { _ = unsafe setenv("LISTEN_FDNAMES", names, 1) }
}

/// Runs a body with duplicates of descriptors as 3 and the following numbers, and restores what was open there.
private func withDescriptors(_ descriptors: [FileDescriptor], _ body: () throws -> Void) throws {
  let saved = descriptors.indices.map { fcntl(Int32(3 + $0), F_DUPFD_CLOEXEC, 100) }
  let sources = descriptors.map { fcntl($0.rawValue, F_DUPFD_CLOEXEC, 100) }
  for (index, source) in sources.enumerated() { try #require(dup2(source, Int32(3 + index)) != -1) }
  defer {
    for (index, number) in saved.enumerated() {
      if number == -1 { close(Int32(3 + index)) } else { dup2(number, Int32(3 + index)) }
    }
  }
  try body()
}
