import Foundation
import IPC
import SystemPackage
import Testing

/// Each test runs in a child, because all threads in a process share its environment.
@Suite struct ListenDescriptorsTests {
  @Test func `A listening socket is adopted by its name`() async {
    await #expect(processExitsWith: .success) {
      let address = try freshName()
      let listener = try UnixSocket.StreamListener(at: address)
      try withDescriptors([listener.descriptor, listener.descriptor]) {
        announce(process: "\(getpid())", count: "2", names: "echo")
        let inherited = try ListenDescriptors.take(from: firstNumber)
        #expect(inherited.map(\.name) == ["echo", "unknown"])
        #expect(inherited.map(\.descriptor.rawValue) == [firstNumber, firstNumber + 1])
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

  @Test func `The first descriptor is SD_LISTEN_FDS_START`() {
    #expect(ListenDescriptors.first == 3)
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

/// The number of the first passed descriptor.
///
/// It is above the numbers that the child itself uses.
private let firstNumber: Int32 = 200

/// Runs `body` while duplicates of the descriptors have consecutive numbers, starting with `firstNumber`.
private func withDescriptors(_ descriptors: [FileDescriptor], _ body: () throws -> Void) throws {
  for (index, descriptor) in descriptors.enumerated() {
    try #require(dup2(descriptor.rawValue, firstNumber + Int32(index)) != -1)
  }
  try body()
}
