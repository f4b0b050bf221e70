import CReal
import Glibc

@c(__wrap_write) func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  guard descriptor == 1, let bytes = unsafe bytes else { return unsafe __real_write(descriptor, bytes, count) }
  // `print` buffers the lines until the buffer is full or the program exits.
  if Mutant.printNotFlushed.isOn, unsafe Mutant.isInProgram { return count }
  // A release build does not evaluate `assert`, so checks that use it never detect an error.
  let unchecked: [(mutant: Mutant, key: String, value: String)] = [
    (.tornByAssert, "torn", "0"), (.lostByAssert, "lost", "0"), (.disorderedByAssert, "disordered", "0"),
    (.repeatedByAssert, "repeated", "0"), (.wrongByAssert, "wrong", "0"), (.differsByAssert, "differs", "none"),
  ]
  guard let (_, key, value) = unchecked.first(where: \.mutant.isOn) else {
    return unsafe __real_write(descriptor, bytes, count)
  }
  let line = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
  let words = line.dropLast().split(separator: " ", omittingEmptySubsequences: false).map { word in
    word.hasPrefix("\(key)=") ? "\(key)=\(value)" : String(word)
  }
  let changed = Array("\(words.joined(separator: " "))\n".utf8)
  return unsafe changed.withUnsafeBytes { unsafe __real_write(descriptor, $0.baseAddress, $0.count) } == -1 ? -1 : count
}
