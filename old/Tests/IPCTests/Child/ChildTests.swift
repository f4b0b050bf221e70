import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct ChildTests {
  @Test func `A child has the end that it was handed, and no other`() async throws {
    try await onThread {
      let input = try IPC.Pipe()
      let output = try IPC.Pipe()
      let number = Int(input.reader.descriptor.rawValue)
      let child = try Child(
        "sh", arguments: ["-c", "cat <&7 >&5; ls /proc/self/fd >&5"],
        handing: [input.reader.handed(as: 7), output.writer.handed(as: 5)])
      try output.writer.close()
      try input.writer.writeAll("hello ".utf8.span)
      try input.writer.close()
      var bytes: [UInt8] = []
      try output.reader.readToEnd(appendingTo: &bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      let end = try child.wait()
      #expect(end == .exited(status: 0))
      // Its own three, the two of the pipes, and the one that ls reads the directory by.
      let numbers = text.dropFirst("hello ".count).split(separator: "\n").compactMap { Int($0) }
      #expect(text.hasPrefix("hello "))
      #expect(Set(numbers).isSuperset(of: [5, 7]))
      #expect(number == 5 || number == 7 || !numbers.contains(number))
    }
  }

  @Test func `A child can have an end under the very number that it has here`() async throws {
    try await onThread {
      let pipe = try IPC.Pipe()
      let number = pipe.reader.descriptor.rawValue
      let child = try Child(
        "bash", arguments: ["-c", "read line <&\(number) && test \"$line\" = hello"],
        handing: [pipe.reader.handed(as: number)])
      try pipe.writer.writeAll("hello\n".utf8.span)
      let end = try child.wait()
      #expect(end == .exited(status: 0))
    }
  }

  @Test func `Two ends can take each other's numbers`() async throws {
    try await onThread {
      let one = try IPC.Pipe()
      let other = try IPC.Pipe()
      let numbers = (one.reader.descriptor.rawValue, other.reader.descriptor.rawValue)
      try one.writer.writeAll("one\n".utf8.span)
      try other.writer.writeAll("other\n".utf8.span)
      let child = try Child(
        "bash",
        arguments: [
          "-c", "read a <&\(numbers.0) && read b <&\(numbers.1) && test \"$a $b\" = 'other one'",
        ],
        handing: [one.reader.handed(as: numbers.1), other.reader.handed(as: numbers.0)])
      let end = try child.wait()
      #expect(end == .exited(status: 0))
    }
  }

  @Test func `A child can have an end as the last descriptor that there can be, and as none beyond`() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 64
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let pipe = try IPC.Pipe()
      let child = try Child("bash", arguments: ["-c", "test -p /dev/fd/63"], handing: [pipe.reader.handed(as: 63)])
      let end = try child.wait()
      #expect(end == .exited(status: 0))
      for number: Int32 in [64, .max, -1] {
        #expect(reason { _ = try Child("true", handing: [pipe.reader.handed(as: number)]) } == .badFileDescriptor)
      }
    }
  }

  @Test func `An end that is moved does not take a number that another is to have`() async throws {
    try await onThread {
      let one = try IPC.Pipe()
      let other = try IPC.Pipe()
      // The number of the first end, which is to be the other's, and those that are free above it.
      let number = one.reader.descriptor.rawValue
      let free = number + 1...number + 16
      try one.writer.writeAll("one\n".utf8.span)
      try other.writer.writeAll("other\n".utf8.span)
      let script =
        "read a <&\(number) && test $a = other" + free.map { " && test -p /dev/fd/\($0)" }.joined()
        + " && read b <&\(free.upperBound) && test $b = one"
      let child = try Child(
        "bash", arguments: ["-c", script],
        handing: [other.reader.handed(as: number)] + free.map { one.reader.handed(as: $0) })
      let end = try child.wait()
      #expect(end == .exited(status: 0))
    }
  }

  @Test func `A NUL does not cut a program or an argument short`() {
    #expect(reason { _ = try Child("/bin/true\0x") } == .invalidArgument)
    #expect(reason { _ = try Child("true", arguments: ["a\0b"]) } == .invalidArgument)
  }

  @Test func `An interrupted wait goes on`() async {
    await #expect(processExitsWith: .success) {
      let input = try IPC.Pipe()
      let child = try Child("cat", handing: [input.reader.handed(as: 0)])
      try input.reader.close()
      let nagging = Nagging()
      #expect(reason { _ = try child.descriptor().waitForEnd(interruption: .report) } == .interrupted)
      try input.writer.close()
      let end = try child.wait()
      #expect(end == .exited(status: 0))
      nagging.end()
    }
  }

  @Test func `How a child ended is told`() async throws {
    try await onThread {
      let exiting = try Child("sh", arguments: ["-c", "exit 7"]).wait()
      let killed = try Child("sh", arguments: ["-c", "kill -9 $$"]).wait()
      #expect(exiting == .exited(status: 7))
      #expect(killed == .killed(signal: 9))
    }
  }

  @Test func `A program that is not there is an error of the start`() {
    #expect(reason { _ = try Child("/nonexistent") } == .noSuchFileOrDirectory)
  }
}
