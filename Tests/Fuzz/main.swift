import FuzzedC
import Glibc

// The program for `make fuzz`. libFuzzer generates inputs for the target that FUZZ_TARGET names.

/// The selected target.
///
/// It is global, because libFuzzer's callback has no context parameter.
enum Chosen {
  static let target: FuzzTarget = {
    let name = unsafe getenv("FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
      fatalError("set FUZZ_TARGET to one of: \(FuzzTarget.all.map(\.name).joined(separator: " "))")
    }
    return target
  }()
}

var count = CommandLine.argc
var arguments = unsafe Optional(CommandLine.unsafeArgv)
let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
  do {
    unsafe try Chosen.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  } catch {
    print("\(Chosen.target): \(error)")
    abort()
  }
  return 0
}
exit(status)
