#if arch(x86_64)
  import Foundation
  import SystemPackage
  import Testing

  @testable import Harness

  /// Tests of the tracer with a program that makes system calls of the i386 ABI, whose numbers differ.
  @Suite("A system call of another ABI")
  struct ForeignCallTests {
    /// Runs a program that closes a descriptor with the system call of the i386 ABI, and prints the result.
    ///
    /// - Returns: The words that the program prints; nil if the kernel does not have this ABI.
    private func output(tracing call: String, _ place: String) throws -> [String]? {
      let script = """
        import ctypes, mmap, os
        # push rbx; mov eax, 6; mov ebx, edi; int 0x80; pop rbx; ret
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(bytes.fromhex("53 b806000000 89fb cd80 5b c3"))
        close = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
        print("started", flush=True)
        print(close(os.dup(0)), flush=True)
        """
      let project = try TestProject()
      try project.write(script, to: "close.py")
      if try project.shell("python3 -S close.py").status != 0 { return nil }
      let tracer = Checkout.root.appending("build/bin/short-transfer").string
      return try project.shell("\(tracer) \(call) \(place) /usr/bin/python3 -S close.py; echo status $?").text.split(
        separator: "\n"
      ).map(String.init)
    }

    @Test("is interrupted, if it is a close") func interrupted() async throws {
      try await onThread {
        guard let lines = try output(tracing: "close", "all") else { return }
        #expect(lines == ["started", "\(-EINTR)", "status 0"])
      }
    }

    @Test("terminates the program, if it cannot be shortened") func rejected() async throws {
      try await onThread {
        guard let lines = try output(tracing: "read", "1.100") else { return }
        #expect(lines.contains { $0.contains("the peer has another ABI, in which read cannot be shortened") })
        #expect(!lines.contains("0") && !lines.contains("status 0"), "\(lines)")
      }
    }
  }
#endif
