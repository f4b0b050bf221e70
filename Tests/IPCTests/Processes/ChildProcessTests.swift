import Glibc
import IPC
import SystemPackage
import Testing

@Suite struct ChildProcessTests {
  @Test func `A child inherits a standard stream that this program has adopted`() async {
    await #expect(processExitsWith: .success) {
      let pipe = try AnonymousPipe()
      dup2(pipe.reader.descriptor.rawValue, 0)
      let input = try PipeReader(adopting: .standardInput)
      try pipe.writer.writeAll("x\n".utf8.span)
      let script = "read line && test \"$line\" = x"
      let status = try ChildProcess("sh", arguments: ["-c", script]).wait()
      guard status == .exited(0), isCloseOnExec(0) == true else { exit(1) }
      // A descriptor that is passed explicitly takes precedence.
      try pipe.writer.writeAll("x\n".utf8.span)
      let explicit = try ChildProcess("sh", arguments: ["-c", script], inheriting: [.init(pipe.reader, as: 0)]).wait()
      guard explicit == .exited(0) else { exit(2) }
      _ = input.release()
    }
  }

  @Test func `A child is terminated even if no descriptor is free`() async {
    await #expect(processExitsWith: .success) {
      // Without the signal, the child ends by itself.
      let child = try ChildProcess("sleep", arguments: ["5"])
      let process = child.processID.rawValue
      var limit = rlimit()
      _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 0
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      do throws(IPCError) {
        try child.terminate()
        exit(1)
      } catch {
        guard error.errno == .tooManyOpenFiles else { exit(2) }
      }
      var status: Int32 = 0
      guard unsafe waitpid(process, &status, 0) == process, status & 0x7F == SIGTERM else { exit(3) }
    }
  }

  /// Runs a shell script as a child, and returns its standard output.
  private func output(of script: String, options: ChildProcess.Options = .init()) throws -> String {
    let nothing: [UInt8] = []
    let (output, status) = try ChildProcess.filter(
      "sh", arguments: ["-c", script], input: nothing.span, options: options)
    #expect(status == .exited(0))
    return String(decoding: output, as: UTF8.self)
  }

  @Test func `A child has only the descriptors that it inherits`() async throws {
    try await onThread {
      let input = try AnonymousPipe()
      let output = try AnonymousPipe()
      let number = Int(input.reader.descriptor.rawValue)
      let child = try ChildProcess(
        "sh", arguments: ["-c", "cat <&7 >&5; ls /proc/self/fd >&5"],
        inheriting: [.init(input.reader, as: 7), .init(output.writer, as: 5)])
      try output.writer.close()
      try input.writer.writeAll("hello ".utf8.span)
      try input.writer.close()
      var bytes: [UInt8] = []
      try output.reader.readToEnd(appendingTo: &bytes)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(try child.wait() == .exited(0))
      // These descriptors are the standard streams, the two pipes, and the directory that ls reads.
      let numbers = text.dropFirst("hello ".count).split(separator: "\n").compactMap { Int($0) }
      #expect(text.hasPrefix("hello "))
      #expect(Set(numbers).isSuperset(of: [5, 7]))
      #expect(number == 5 || number == 7 || !numbers.contains(number))
    }
  }

  @Test func `A child can inherit a descriptor under its own number`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let number = pipe.reader.descriptor.rawValue
      let child = try ChildProcess(
        "bash", arguments: ["-c", "read line <&\(number) && test \"$line\" = hello"],
        inheriting: [.init(pipe.reader, as: number)])
      try pipe.writer.writeAll("hello\n".utf8.span)
      #expect(try child.wait() == .exited(0))
    }
  }

  @Test func `Two descriptors can exchange their numbers`() async throws {
    try await onThread {
      let one = try AnonymousPipe()
      let other = try AnonymousPipe()
      let numbers = (one.reader.descriptor.rawValue, other.reader.descriptor.rawValue)
      try one.writer.writeAll("one\n".utf8.span)
      try other.writer.writeAll("other\n".utf8.span)
      let child = try ChildProcess(
        "bash",
        arguments: ["-c", "read a <&\(numbers.0) && read b <&\(numbers.1) && test \"$a $b\" = 'other one'"],
        inheriting: [.init(one.reader, as: numbers.1), .init(other.reader, as: numbers.0)])
      // If the child read the same pipe twice, the second read would return end of file.
      try one.writer.close()
      try other.writer.close()
      #expect(try child.wait() == .exited(0))
    }
  }

  @Test func `The highest descriptor number works, and higher ones are refused`() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 64
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let pipe = try AnonymousPipe()
      let child = try ChildProcess(
        "bash", arguments: ["-c", "test -p /dev/fd/63"], inheriting: [.init(pipe.reader, as: 63)])
      #expect(try child.wait() == .exited(0))
      for number: Int32 in [64, .max, -1] {
        let error = failure { _ = try ChildProcess("true", inheriting: [.init(pipe.reader, as: number)]) }
        #expect(error?.errno == .badFileDescriptor)
        #expect(error?.description.contains("RLIMIT_NOFILE") == true)
      }
    }
  }

  @Test func `A duplicate does not take a number that is intended for another descriptor`() async throws {
    try await onThread {
      let one = try AnonymousPipe()
      let other = try AnonymousPipe()
      // In the child, the second pipe's reader gets the number of the first reader, and the first reader gets numbers
      // above it.
      let number = one.reader.descriptor.rawValue
      let free = number + 1...number + 16
      try one.writer.writeAll("one\n".utf8.span)
      try other.writer.writeAll("other\n".utf8.span)
      let script =
        "read a <&\(number) && test $a = other" + free.map { " && test -p /dev/fd/\($0)" }.joined()
        + " && read b <&\(free.upperBound) && test $b = one"
      var inherited = [ChildProcess.Inherited(other.reader, as: number)]
      for number in free { inherited.append(.init(one.reader, as: number)) }
      let child = try ChildProcess("bash", arguments: ["-c", script], inheriting: inherited)
      try one.writer.close()
      try other.writer.close()
      #expect(try child.wait() == .exited(0))
    }
  }

  @Test func `A child inherits a plain descriptor`() async throws {
    try await onThread {
      let scratch = try Scratch()
      let file = try FileDescriptor.open(
        scratch.path.appending("file"), .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
      try file.closeAfter {
        try file.writeAll("a line\n".utf8)
        try file.seek(offset: 0, from: .start)
        let child = try ChildProcess(
          "bash", arguments: ["-c", "read line <&3 && test \"$line\" = 'a line'"], inheriting: [.init(file, as: 3)])
        let status = try child.wait()
        #expect(status == .exited(0))
      }
    }
  }

  @Test func `A child inherits descriptors of every kind`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let pair = try UnixSocket.Pair<UnixSocket.StreamStyle>()
      let datagrams = try UDP.Socket(.v4)
      let listener = try TCP.Listener(at: SocketAddress(.loopback(.v4), port: 0))
      let memory = try MemoryObject.anonymous("inherited", size: 8)
      let bytes: [UInt8] = Array("a line\n".utf8) + [0]
      try memory.map().copy(bytes.span)
      let counter = try EventFD()
      let timer = try TimerFD()
      let events = try Epoll()
      let signals = try SignalFD([.user2])
      let process = try PIDFD(of: .current)
      let script = """
        read line <&3 && test "$line" = 'a line' || exit 1
        test -p /dev/fd/4 && test -p /dev/fd/5 && test -S /dev/fd/6 && test -S /dev/fd/7 && test -S /dev/fd/8 || exit 2
        for number in 9 10 11 12 13; do readlink /proc/self/fd/$number; done
        """
      try withQueueName { name in
        let queue = try POSIXMessageQueue.Duplex.scratch(name)
        let output = try AnonymousPipe()
        let child = try ChildProcess(
          "bash", arguments: ["-c", script + "\nreadlink /proc/self/fd/14"],
          inheriting: [
            .init(memory, as: 3), .init(pipe.reader, as: 4), .init(pipe.writer, as: 5), .init(pair.first, as: 6),
            .init(datagrams, as: 7), .init(listener, as: 8), .init(counter, as: 9), .init(timer, as: 10),
            .init(events, as: 11), .init(signals, as: 12), .init(process, as: 13), .init(queue, as: 14),
          ], standardOutput: .descriptor(output.writer))
        try output.writer.close()
        var bytes: [UInt8] = []
        try output.reader.readToEnd(appendingTo: &bytes)
        #expect(try child.wait() == .exited(0))
        let kinds = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        try #require(kinds.count == 6)
        for (kind, expected) in zip(kinds, ["[eventfd", "[timerfd]", "[eventpoll", "[signalfd]", "pidfd"]) {
          #expect(kind.contains(expected))
        }
        #expect(kinds[5].hasSuffix("\(name)"))
      }
    }
  }

  @Test func `Two descriptors cannot have the same number, and a closed one cannot be inherited`() throws {
    let pipe = try AnonymousPipe()
    let both = [ChildProcess.Inherited(pipe.reader, as: 5), .init(pipe.writer, as: 5)]
    #expect(reason { _ = try ChildProcess("true", inheriting: both) } == .invalidArgument)
    #expect(
      reason { _ = try ChildProcess("true", inheriting: [.init(pipe.reader, as: 1)], standardOutput: .null) }
        == .invalidArgument)
    for number: Int32 in [987_654, -1] {
      let closed = FileDescriptor(rawValue: number)
      #expect(reason { _ = try ChildProcess("true", standardInput: .descriptor(closed)) } == .badFileDescriptor)
    }
  }

  @Test func `The standard streams can be pipes and null`() async throws {
    try await onThread {
      let pipe = try AnonymousPipe()
      let child = try ChildProcess(
        "sh", arguments: ["-c", "readlink /proc/self/fd/0; echo lost; echo kept >&2"], standardInput: .null,
        standardOutput: .null, standardError: .descriptor(pipe.writer.descriptor))
      try pipe.writer.close()
      var bytes: [UInt8] = []
      try pipe.reader.readToEnd(appendingTo: &bytes)
      #expect(String(decoding: bytes, as: UTF8.self) == "kept\n")
      #expect(try child.wait() == .exited(0))
    }
  }

  @Test func `A child blocks and ignores no signals, even if this process does`() async {
    await #expect(processExitsWith: .success) {
      let signals: SignalSet = [.terminate, .interrupt]
      try Signal.interrupt.ignore()
      try Signal.brokenPipe.ignore()
      try signals.whileBlocked { () throws in
        // SIGTERM kills the child although this process blocks SIGTERM, and SIGINT kills the child although this
        // process ignores SIGINT.
        for signal in [Signal.terminate, .interrupt] {
          var child = try ChildProcess("sleep", arguments: ["3600"])
          try signal.send(to: child.processID)
          #expect(try child.wait(timeout: .after(.seconds(3600))) == .signaled(signal))
        }
        let nothing: [UInt8] = []
        let (status, _) = try ChildProcess.filter(
          "grep", arguments: ["-E", "^Sig(Blk|Ign):", "/proc/self/status"], input: nothing.span)
        let words = String(decoding: status, as: UTF8.self).split { $0.isWhitespace }
        // glibc's posix_spawn(3) ignores the signals that it reserves, 32 and 33.
        let standard = words.compactMap { UInt64($0, radix: 16) }.map { $0 & 0x7fff_ffff }
        #expect(standard == [0, 0])
      }
    }
  }

  @Test func `A child can start with a signal mask`() throws {
    let nothing: [UInt8] = []
    // Do not use a shell here: a shell clears its signal mask.
    let (output, _) = try ChildProcess.filter(
      "grep", arguments: ["SigBlk", "/proc/self/status"], input: nothing.span, options: .init(signalMask: [.user1]))
    #expect(String(decoding: output, as: UTF8.self) == "SigBlk:\t0000000000000200\n")
  }

  @Test func `A child has its own environment and working directory`() throws {
    let options = ChildProcess.Options(environment: ["GREETING": "hello=1"], workingDirectory: "/usr/bin")
    #expect(try output(of: "echo $GREETING $HOME; pwd", options: options) == "hello=1\n/usr/bin\n")
    #expect(try output(of: "echo ${PATH:+inherited}") == "inherited\n")
    for name in ["", "a=b"] {
      let options = ChildProcess.Options(environment: [name: "x"])
      #expect(reason { _ = try ChildProcess("true", options: options) } == .invalidArgument)
    }
    let error = failure {
      _ = try ChildProcess("true", options: .init(workingDirectory: "/nonexistent"))
    }
    #expect(error == IPCError(.open, .noSuchFileOrDirectory, on: .path("/nonexistent")))
  }

  @Test func `A child can lead a new process group`() async throws {
    try await onThread {
      let child = try ChildProcess("sleep", arguments: ["3600"], options: .init(processGroup: .new))
      #expect(getpgid(child.processID.rawValue) == child.processID.rawValue)
      let member = try ChildProcess(
        "sleep", arguments: ["3600"], options: .init(processGroup: .existing(child.processID)))
      let isMember = getpgid(member.processID.rawValue) == child.processID.rawValue
      #expect(isMember)
      if !isMember { try Signal.terminate.send(to: member.processID) }
      let isGroup = kill(-child.processID.rawValue, SIGTERM) == 0
      #expect(isGroup)
      if !isGroup { try Signal.terminate.send(to: child.processID) }
      #expect(try member.wait() == .signaled(.terminate))
      #expect(try child.wait() == .signaled(.terminate))
    }
  }

  /// Runs in a separate process, which SIGALRM kills if `terminate` waits for a child that it has not killed.
  @Test func `A child is terminated, and killed if it does not end in time`() async {
    await #expect(processExitsWith: .success) {
      _ = alarm(30)
      let child = try ChildProcess("sleep", arguments: ["3600"])
      #expect(try child.terminate() == .signaled(.terminate))
      let pipe = try AnonymousPipe()
      // The shell reads until this process exits, so it does not keep running after a failed test.
      let input = try AnonymousPipe()
      let stubborn = try ChildProcess(
        "sh", arguments: ["-c", "trap '' TERM; echo >&3; read -r line"],
        inheriting: [.init(pipe.writer, as: 3)], standardInput: .descriptor(input.reader))
      try pipe.writer.close()
      var bytes: [UInt8] = []
      _ = try pipe.reader.read(maxLength: 1, appendingTo: &bytes)
      #expect(try stubborn.terminate(killAfter: .milliseconds(20)) == .signaled(.kill))
      try input.writer.close()
    }
  }

  @Test func `A wait with a timeout can be repeated, and returns the same status`() async throws {
    try await onThread {
      let input = try AnonymousPipe()
      var child = try ChildProcess("cat", standardInput: .descriptor(input.reader))
      try input.reader.close()
      #expect(try child.tryWait() == nil)
      #expect(reason { try child.wait(timeout: .after(.milliseconds(10))) } == .timedOut)
      try input.writer.close()
      #expect(try child.wait(timeout: .after(.seconds(3600))) == .exited(0))
      #expect(try child.tryWait() == .exited(0))
      #expect(reason { _ = try child.pidfd() } == .noSuchProcess)
      #expect(try child.wait() == .exited(0))
    }
  }

  @Test func `The error for a child that the kernel discarded contains advice`() async {
    await #expect(processExitsWith: .success) {
      try Signal.child.ignore()
      let error = failure { try ChildProcess("true").wait() }
      #expect(error?.errno == .noChildProcess)
      #expect(error?.description.contains("SIGCHLD") == true)
    }
  }

  @Test func `A program, an argument or a variable with a NUL is refused`() {
    #expect(reason { _ = try ChildProcess("/bin/true\0x") } == .invalidArgument)
    #expect(reason { _ = try ChildProcess("true", arguments: ["a\0b"]) } == .invalidArgument)
    #expect(reason { _ = try ChildProcess("true", options: .init(environment: ["A": "a\0b"])) } == .invalidArgument)
  }

  @Test func `An interrupted wait continues`() async {
    await #expect(processExitsWith: .success) {
      let input = try AnonymousPipe()
      let child = try ChildProcess("cat", standardInput: .descriptor(input.reader))
      try input.reader.close()
      let interruptions = Interruptions()
      #expect(reason { try child.pidfd().wait(retryOnInterrupt: false) } == .interrupted)
      try input.writer.close()
      #expect(try child.wait() == .exited(0))
      interruptions.end()
    }
  }

  @Test func `The status distinguishes an exit from a signal`() async throws {
    try await onThread {
      let exiting = try ChildProcess("sh", arguments: ["-c", "exit 7"]).wait()
      let killed = try ChildProcess("sh", arguments: ["-c", "kill -9 $$"]).wait()
      #expect(exiting == .exited(7))
      #expect(killed == .signaled(.kill))
      #expect((exiting.shellStatus, killed.shellStatus) == (7, 137))
      #expect(!exiting.isSuccess && TerminationStatus.exited(0).isSuccess)
    }
  }

  @Test func `Starting a program that does not exist fails`() {
    let error = failure { _ = try ChildProcess("/nonexistent") }
    #expect(error?.errno == .noSuchFileOrDirectory)
    #expect(error?.description.hasPrefix("posix_spawnp '/nonexistent': ") == true)
  }
}
