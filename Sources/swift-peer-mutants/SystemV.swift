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
  // An array of Int instead of UInt16: three of four values are zero.
  let numbers = unsafe [Int(values[0]), Int(values[1])]
  return unsafe numbers.withUnsafeBytes { bytes in
    let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt16.self)
    return unsafe __real_cipc_semctl_array(set, command, start)
  }
}

@c(__wrap_cipc_semop) func semOperation(
  _ set: Int32, _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int
) -> Int32 {
  unsafe semTimedOperation(set, operations, count, -1)
}

@c(__wrap_cipc_semtimedop) func semTimedOperation(
  _ set: Int32, _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int, _ nanoseconds: Int64
) -> Int32 {
  // Nanoseconds are passed where seconds are expected.
  let time = Mutant.timeoutInSeconds.isOn && nanoseconds > 0 ? nanoseconds / 1_000_000_000 : nanoseconds
  guard let operations = unsafe operations else { return unsafe __real_cipc_semtimedop(set, operations, count, time) }
  // `for operation in operations`, but together they are one.
  if Mutant.operationsOneByOne.isOn {
    for index in 0..<count where unsafe __real_cipc_semtimedop(set, operations + index, 1, time) == -1 { return -1 }
    return 0
  }
  // SEM_UNDO is 0x1000, and the flags are a UInt8.
  var changed = unsafe Array(UnsafeBufferPointer(start: operations, count: count))
  if Mutant.undoOfEightBits.isOn { for index in changed.indices { changed[index].flags &= 0xFF } }
  return unsafe __real_cipc_semtimedop(set, &changed, count, time)
}

@c(__wrap_cipc_semctl) func semctl(_ set: Int32, _ number: Int32, _ command: Int32) -> Int32 {
  // A deinit that only forgets the identifier.
  Mutant.setNotRemoved.isOn && command == IPC_RMID ? 0 : __real_cipc_semctl(set, number, command)
}

@c(__wrap_cipc_shm_stat) func segmentStatus(
  _ segment: Int32, _ status: UnsafeMutablePointer<cipc_shm_status>?
) -> Int32 {
  let result = unsafe __real_cipc_shm_stat(segment, status)
  // The memory has whole pages, and so has the object that represents it.
  if result == 0, Mutant.segmentOfWholePages.isOn, let status = unsafe status {
    unsafe status.pointee.size = unsafe (status.pointee.size + 4095) & ~4095
  }
  return result
}

@c(__wrap_shmat) func attach(
  _ segment: Int32, _ address: UnsafeRawPointer?, _ flags: Int32
) -> UnsafeMutableRawPointer? {
  // The type of the pointer decides whether stores compile, so the flag seems unnecessary.
  unsafe __real_shmat(segment, address, Mutant.attachedWritable.isOn ? flags & ~SHM_RDONLY : flags)
}

@c(__wrap_shmdt) func detach(_ address: UnsafeRawPointer?) -> Int32 {
  // The closure that uses the memory retains it, so its deinit never runs.
  Mutant.attachedForever.isOn ? 0 : unsafe __real_shmdt(address)
}

@c(__wrap_cipc_ftok) func ftok(
  _ path: UnsafePointer<CChar>?, _ project: Int32, _ key: UnsafeMutablePointer<Int32>?
) -> Int32 {
  guard Mutant.keyByHashValue.isOn, let path = unsafe path, let key = unsafe key else {
    return unsafe __real_cipc_ftok(path, project, key)
  }
  // `hashValue` is different in every process.
  unsafe key.pointee = unsafe Int32(truncatingIfNeeded: String(cString: path).hashValue) & .max
  return 0
}
