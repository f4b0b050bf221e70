import Foundation
import SystemPackage
import Testing

@testable import Harness

@Suite("ipc-interop check and init", .serialized)
struct CheckTests {
  private static func yaml(_ languages: String) -> String {
    """
    languages:
    \(languages)
    scenarios:
      - id: hello
        title: A title.
        programs: {a: one, b: two}
        steps:
          - start: a
          - wait: a -> exit 0
          - start: b
          - wait: b -> exit 0

    """
  }

  private func project(_ languages: String) throws -> TestProject {
    let project = try TestProject()
    for name in ["c/one", "c/two", "port/one"] {
      try project.write("", to: name)
      try project.addScript(name, "true")
    }
    try project.write(Self.yaml(languages), to: "interop.yaml")
    return project
  }

  @Test("find the file in a parent directory, and omit and report cells without a program") func halfPort() async throws
  {
    try await onThread {
      let project = try project("  c: ./c/{program}\n  swift:\n    programs: port/{program}")
      let run = try project.run(["check"], in: "c", ["--verbose"])
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
      #expect(run.text.contains("swift: no ./port/two: 2 cells left out; build it, or pin the role: pin: {b: c}"))
      #expect(run.text.contains("hello[c>c]") && run.text.contains("hello[swift>c]"))
      #expect(run.text.components(separatedBy: "note: bytes on the wire are not compared").count == 2)
      #expect(run.text.hasSuffix("2 passed, 0 failed"))
    }
  }

  @Test("count a cell once that lacks several programs") func unportedCells() async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}\n  swift:\n    programs: nowhere/{program}")
      let run = try project.run(["check"])
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
      let text = run.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(text.contains("swift: no ./nowhere/one: 2 cells left out;"), "\(run.text)")
      #expect(text.contains("swift: no ./nowhere/two: 1 more cell left out;"), "\(run.text)")
      #expect(run.text.hasSuffix("1 passed, 0 failed"), "\(run.text)")
    }
  }

  @Test("reject the format of a page about ABIs") func abiFormat() async throws {
    try await onThread {
      let run = try project("  c: ./c/{program}").run(["check", "--format", "abi"])
      #expect(run.status == ExitStatus.usage.rawValue, "\(run.text)")
      #expect(run.text.contains("check has no format abi; it is one of console, json,"), "\(run.text)")
    }
  }

  @Test("name the recording by its path relative to the working directory", arguments: [".", "c"])
  func recordingPath(directory: String) async throws {
    try await onThread {
      let run = try project("  c: ./c/{program}").run(["record", "--runs", "1"], in: directory)
      #expect(run.status == ExitStatus.asExpected.rawValue, "\(run.text)")
      let path = directory == "." ? "interop.recording.yaml" : "../interop.recording.yaml"
      #expect(run.text.hasSuffix("1 recorded in \(path)"), "\(run.text)")
    }
  }

  @Test(
    "report a program of the first language that cannot be started",
    arguments: [
      (
        "rm c/two",
        "c, the first language, needs every program, and ./c/two does not exist; build it, or correct 'programs'"
      ),
      ("mv c/two port/", "./c/two does not exist; build it, correct 'programs', or pin the role: pin: {b: swift}"),
      ("chmod -x c/two", "./c/two (c) is not executable; run chmod +x"),
    ])
  func controlLacks(change: String, reason: String) async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}\n  swift: port/{program}")
      _ = try project.shell(change)
      let run = try project.run(["check"])
      #expect(run.status == ExitStatus.brokenEnvironment.rawValue)
      #expect(run.text.contains(reason), "\(run.text)")
    }
  }

  @Test(
    "have the exit status of the first language if its programs leak or fail",
    arguments: [
      ("echo x >/tmp/log.txt", ExitStatus.onlyLeaks, "add '- file: {/tmp/log.txt: \"...\"}'"),
      ("exit 3", .failures, "ended with exit 3"),
    ], [[], ["--pairs", "c:c"], ["--pairs", "c:swift"]])
  func control(script: (String, Harness.ExitStatus, String), options: [String]) async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}\n  swift: ./c/{program}")
      try project.addScript("c/two", script.0)
      let run = try project.run(["check"], options)
      #expect(run.status == script.1.rawValue && run.text.replacing(/\s+/, with: " ").contains(script.2), "\(run.text)")
    }
  }

  @Test(
    "report what a program does instead of sleeping, and which program created an object in the failing step",
    arguments: [
      (
        "read x", ["start: a", "start: b", "sleeps: b in read", "end: b"],
        "b (c) did not sleep in read within", "in state S, in read; it waits for standard input"
      ),
      (
        "read x; exec 3>/tmp/object; exec sleep 100",
        ["start: a", "start: b", "feed: {b: go}", "prints: {b: never}"], "b (c) did not print 'never' within",
        "mode=644 (b)"
      ),
    ])
  func timedOut(script: String, steps: [String], reason: String, evidence: String) async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}")
      try project.addScript("c/one", "exec sleep 100")
      try project.addScript("c/two", script)
      let yaml = Self.yaml("  c: ./c/{program}").components(separatedBy: "      - start: a\n")[0]
      try project.write(yaml + steps.map { "      - \($0)\n" }.joined(), to: "interop.yaml")
      let run = try project.run(["check"], ["--timeout-multiplier", "0.05"])
      let text = run.text.replacing(/\s+/, with: " ")
      #expect(text.contains(reason) && text.contains(evidence), "\(run.text)")
    }
  }

  @Test("name a script's missing interpreter") func interpreter() async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}")
      _ = try project.shell("printf '#!/usr/bin/no-such-python\\n' >c/two")
      let run = try project.run(["check"])
      #expect(run.status == ExitStatus.brokenEnvironment.rawValue)
      #expect(
        run.text.contains("./c/two (c) begins with #!/usr/bin/no-such-python, which does not exist"), "\(run.text)")
    }
  }

  @Test("report an unterminated quote once") func quote() async throws {
    try await onThread {
      let project = try TestProject()
      try project.write(
        Self.yaml("  c: ./c/{program}").replacing("{a: one, b: two}", with: "{a: \"one 'x\", b: two}"),
        to: "interop.yaml")
      let run = try project.run(["check"])
      #expect(run.text.components(separatedBy: "interop.yaml:").count == 2, "\(run.text)")
      #expect(run.text.contains("this quote has no end in the command"))
    }
  }

  @Test("accept programs with different names in one language") func named() async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}\n  swift:\n    programs: {one: ./port/one, two: sh ./c/two}")
      let run = try project.run(["check"])
      #expect(run.text.hasSuffix("4 passed, 0 failed"), "\(run.text)")
    }
  }

  @Test("print a command that reruns a failed cell from the user's directory") func rerun() async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}\n  swift: ./c/{program}")
      try project.addScript("c/two", "exit 7")
      let run = try project.run(["check"], in: "c", ["--format", "tap"])
      #expect(run.status == ExitStatus.failures.rawValue)
      let line = try #require(run.text.split(separator: "\n").first { $0.contains("rerun: ") })
      let command = line.drop { $0 != "\"" }.dropFirst().dropLast()
      #expect(command.contains("check ../interop.yaml 'hello[c>c]'"), "\(command)")
      let again = try project.shell("cd c && \(command)")
      #expect(again.status == ExitStatus.failures.rawValue)
      #expect(again.text.contains("b (c) ended with exit 7 instead of exit 0"), "\(again.text)")
    }
  }

  @Test(
    "report errors in the file with location and suggestion, and exit with status 2",
    arguments: [
      (
        yaml("  c: ./c/{program}\n  c: ./d/{program}"),
        "interop.yaml:3:3: the map has the key 'c' twice, first at interop.yaml:2:3"
      ),
      (yaml("  c: {program: ./c/x}"), "interop.yaml:2:7: a language has no key 'program'; did you mean 'programs'?"),
      (yaml("  c: {programs: ./c/{program}}"), "write a value with braces in quotes"),
      (
        yaml("  c: no-such-program-{program}/x\n  d: no-such-program"),
        "no directory of PATH has the program 'no-such-program'"
      ),
      ("languages: {c: ./c}\n", "the file must have the key 'scenarios'"),
      (yaml("  c: ./c/{program}").replacing("id: hello", with: "id: Hello"), "an id is a name of lower-case letters"),
    ])
  func diagnostics(text: String, message: String) async throws {
    try await onThread {
      let project = try TestProject()
      try project.write(text, to: "interop.yaml")
      let run = try project.run(["check"])
      #expect(run.status == ExitStatus.usage.rawValue)
      #expect(run.text.contains(message), "\(run.text)")
    }
  }

  @Test("report that there is no file") func noFile() async throws {
    try await onThread {
      let project = try TestProject()
      let run = try project.run(["check"])
      #expect(run.status == ExitStatus.usage.rawValue)
      #expect(run.text.contains("write one with 'ipc-interop init'"))
      #expect(try project.run(["check", "other.yaml"]).text.contains("other.yaml:1:1: the file cannot be read"))
    }
  }

  @Test("write a file for two commands that passes, and never overwrite one") func initialize() async throws {
    try await onThread {
      let project = try TestProject()
      let examples = Checkout.root.appending("build/bin/c-examples").string
      _ = try project.shell("cp '\(examples)/fifo_reader' '\(examples)/fifo_writer' .")
      let written = try project.shell(
        #""$1" init -- ./fifo_reader --path /tmp/f ---- ./fifo_writer --path /tmp/f --message "it's 100% {two} words""#)
      #expect(written.status == 0 && written.text.contains("interop.yaml was written"), "\(written.text)")
      #expect(written.text.contains("record' records the bytes on the wire of the first language"))
      #expect(
        try project.shell("cat interop.yaml").text.contains("# 'ipc-interop record' records the bytes on the wire"))
      let run = try project.run(["check"], ["--verbose"])
      #expect(run.text.hasSuffix("1 passed, 0 failed"), "\(run.text)")
      #expect(run.text.contains("fifo-reader/fifo-writer[c>c]"))
      #expect(!run.text.contains("on the wire"))
      let again = try project.shell(#""$1" init"#)
      #expect(again.status == ExitStatus.usage.rawValue && again.text.contains("already exists"))
    }
  }

  @Test("write a file that explains literal keys") func keys() throws {
    let text = try ProjectTemplate(
      commands: [["/bin/true", "0x5a17", "5"], ["/bin/false", "x"]], here: "/tmp", directory: "/tmp"
    ).text
    #expect(text.contains("true: 'true 0x5a17 5'  # instead of 0x5a17, {key}: a key that no other run uses\n"))
    #expect(text.contains("false: 'false x'\n"))
  }

  @Test("write a file that explains why the programs start in this directory") func directories() throws {
    let text = try ProjectTemplate(
      commands: [["/bin/true", "etc", "usr"], ["/bin/false", "x"]], here: "/", directory: "/tmp"
    ).text
    #expect(
      text.contains(
        "    # There is a file 'etc', 'usr' here. If the argument is only a text, remove this line: programs start in /tmp.\n"
          + "    directory: {true: '/'}\n"))
  }

  @Test(
    "send and expect process IDs as integers",
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/python3")))
  func integers() async throws {
    try await onThread {
      let project = try TestProject()
      let script = #"""
        exec /usr/bin/python3 -S -c '
        import os, struct, sys
        out = os.open(sys.argv[1], os.O_WRONLY)
        os.write(out, struct.pack("<IHq", os.getpid(), 513, os.getpid()))
        back = os.open(sys.argv[2], os.O_RDONLY)
        print(struct.unpack("<I", os.read(back, 4))[0] == os.getpid())' "$@"
        """#
      try project.addScript("one", script)
      func yaml(_ width: String) -> String {
        """
        languages: {c: './{program}'}
        scenarios:
          - id: hello
            title: A title.
            programs: {a: 'one {fifo-1} {fifo-2}'}
            roles: [wire]
            steps:
              - wire: mkfifo path={fifo-1} mode=666
              - wire: mkfifo path={fifo-2} mode=666
              - wire: open handle=in path={fifo-1} oflag=O_RDONLY|O_NONBLOCK
              - start: a
              - sleeps: a in openat|open
              - wire: read handle=in count=14 -> buf={a.pid:\(width)}%01%02{a.pid:8}
              - wire: open handle=out path={fifo-2} oflag=O_WRONLY
              - wire: write handle=out buf={a.pid:4}
              - wait: a -> exit 0
              - prints: {a: "True"}
              - wire: unlink path={fifo-1}
              - wire: unlink path={fifo-2}

        """
      }
      try project.write(yaml("4"), to: "interop.yaml")
      let run = try project.run(["check"])
      #expect(run.status == 0, "\(run.text)")
      try project.write(yaml("3"), to: "interop.yaml")
      let wrong = try project.run(["check"])
      #expect(wrong.status == ExitStatus.usage.rawValue)
      #expect(wrong.text.contains("an integer has 1, 2, 4 or 8 bytes: {a.pid:4}"), "\(wrong.text)")
      try project.write(yaml("4").replacing("{fifo-2}'", with: "{fifo-2} {a.pid:4}'"), to: "interop.yaml")
      #expect(try project.run(["check"]).text.contains("unknown variable 'a.pid:4'"))
    }
  }

  @Test("write an example whose only error is that its programs do not exist") func example() async throws {
    try await onThread {
      let project = try TestProject()
      #expect(try project.shell(#""$1" init sub.yaml"#).status == 0)
      let run = try project.run(["check", "sub.yaml"])
      #expect(run.status == ExitStatus.brokenEnvironment.rawValue)
      #expect(run.text.contains("./build/client does not exist"), "\(run.text)")
    }
  }

  @Test(
    "wait until sockets are ready",
    arguments: [
      "unix_echo_server --path {path} --count 1:socket {path}", "tcp_echo_server --port 5000 --count 1:tcp 5000",
      "udp_echo_server --port 5000 --count 1:udp 5000",
    ])
  func sockets(pair: String) async throws {
    try await onThread {
      let parts = pair.split(separator: ":")
      let project = try TestProject()
      try project.write(
        """
        languages:
          c: "\(Checkout.root.appending("build/bin/c-examples"))/{program}"
        scenarios:
          - id: ready
            title: A title.
            programs:
              server: \(parts[0])
            steps:
              - start: server
              - ready: server \(parts[1])
              - kill: server

        """, to: "interop.yaml")
      let run = try project.run(["check"])
      let leaves = parts[1].hasPrefix("socket")
      #expect(run.status == (leaves ? ExitStatus.onlyLeaks : .asExpected).rawValue, "\(run.text)")
      if leaves { #expect(run.text.contains("(server)")) }
    }
  }

  @Test("work from an installed tree, and write nothing into it") func installed() async throws {
    try await onThread {
      let project = try project("  c: ./c/{program}")
      let root = Checkout.root.string
      let copy = try project.shell(
        """
        mkdir -p p/bin p/libexec/ipc-interop p/share/ipc-interop && cp "$1" p/bin/ &&
        cp \(root)/build/bin/sandbox-init \(root)/build/bin/c-peer p/libexec/ipc-interop/ &&
        cp -rL \(root)/fixtures p/share/ipc-interop/ && chmod -R a-w p && find p | sort >before &&
        p/bin/ipc-interop check && p/bin/ipc-interop run fifo/delivery --pairs c && find p | sort | cmp - before
        status=$?; chmod -R u+w p; exit $status
        """)
      #expect(copy.status == 0, "\(copy.text)")
      #expect(copy.text.contains("1 passed, 0 failed"))
    }
  }
}
