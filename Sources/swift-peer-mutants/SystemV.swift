import CIPC
import CReal
import Glibc

@c(__wrap_cipc_semctl_value) func semctlValue(
  _ set: Int32, _ number: Int32, _ command: Int32, _ value: Int32
) -> Int32 {
  guard Mutant.unionByPointer.isOn else { return __real_cipc_semctl_value(set, number, command, value) }
  // The union is passed by address instead of by value.
  var union = value
  let address = unsafe withUnsafePointer(to: &union) { Int(bitPattern: $0) }
  return __real_cipc_semctl_value(set, number, command, Int32(truncatingIfNeeded: address))
}

@c(__wrap_cipc_semctl_array) func semctlArray(
  _ set: Int32, _ command: Int32, _ values: UnsafeMutablePointer<UInt16>?
) -> Int32 {
  guard Mutant.valuesOfInt.isOn, command == SETALL, let values = unsafe values else {
    return unsafe __real_cipc_semctl_array(set, command, values)
  }
  // The array has elements of type Int instead of UInt16, so three of four values are zero.
  let numbers = unsafe [Int(values[0]), Int(values[1])]
  return unsafe numbers.withUnsafeBytes { bytes in
    let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt16.self)
    return unsafe __real_cipc_semctl_array(set, command, start)
  }
}

@c(__wrap_cipc_semtimedop) func semTimedOperation(
  _ set: Int32, _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int, _ nanoseconds: Int64
) -> Int32 {
  // Nanoseconds are passed where seconds are expected.
  let time = Mutant.timeoutInSeconds.isOn && nanoseconds > 0 ? nanoseconds / 1_000_000_000 : nanoseconds
  return unsafe __real_cipc_semtimedop(set, operations, count, time)
}

@c(__wrap_cipc_ftok) func ftok(
  _ path: UnsafePointer<CChar>?, _ project: Int32, _ key: UnsafeMutablePointer<Int32>?
) -> Int32 {
  guard Mutant.keyByHashValue.isOn, let path = unsafe path, let key = unsafe key else {
    return unsafe __real_cipc_ftok(path, project, key)
  }
  // The key is a `hashValue`, which is different in every process.
  unsafe key.pointee = unsafe Int32(truncatingIfNeeded: String(cString: path).hashValue) & .max
  return 0
}
