import CIPC
import CReal
import Glibc

/// Calls `body` with the operations, changed by the selected mutant's defect.
func withChanged(
  _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int,
  _ body: (UnsafePointer<cipc_semaphore_operation>?, Int) -> Int32
) -> Int32 {
  // Only the first operation is passed, with a count of 1.
  if Mutant.firstOperationOfArray.isOn { return unsafe body(operations, min(1, count)) }
  var changed = unsafe Array(UnsafeBufferPointer(start: operations, count: count))
  for i in changed.indices {
    // The semaphore index and the flags are stored in 8 bits, which are enough only in tests.
    if Mutant.indexOfUInt8.isOn { changed[i].number &= 0xFF }
    if Mutant.flagsOfInt8.isOn { changed[i].flags &= 0xFF }
  }
  return unsafe changed.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
}

@c(__wrap_cipc_semop) func semOperation(
  _ set: Int32, _ operations: UnsafePointer<cipc_semaphore_operation>?, _ count: Int
) -> Int32 {
  if Mutant.operationsOneByOne.isOn { return unsafe semTimedOperation(set, operations, count, -1) }
  return unsafe withChanged(operations, count) { unsafe __real_cipc_semop(set, $0, $1) }
}

@c(__wrap_cipc_semctl) func semControl(_ set: Int32, _ number: Int32, _ command: Int32) -> Int32 {
  let result = __real_cipc_semctl(set, number, command)
  // The value is stored in a UInt8 array.
  if Mutant.valueOfUInt8.isOn, command == GETVAL, result != -1 { return result & 0xFF }
  // `try? remove()` hides an error.
  return Mutant.removalTried.isOn && command == IPC_RMID ? 0 : result
}

@c(__wrap_cipc_sem_set) func semSet(_ set: Int32, _ user: UInt32, _ group: UInt32, _ mode: UInt32) -> Int32 {
  __real_cipc_sem_set(set, user, group, Mutant.modeDefaulted.isOn ? 0o600 : mode)
}

@c(__wrap_cipc_shm_set) func shmSet(_ segment: Int32, _ user: UInt32, _ group: UInt32, _ mode: UInt32) -> Int32 {
  // The user and the group, which are parameters of the same type, are swapped.
  if Mutant.ownersExchanged.isOn { return __real_cipc_shm_set(segment, group, user, mode) }
  // The code sets only the owner in the struct, so the mode has its default value.
  return __real_cipc_shm_set(segment, user, group, Mutant.modeDefaulted.isOn ? 0o600 : mode)
}

/// Converts a key.
///
/// With the mutant, uses `Int32(clamping:)`, so that keys from 0x80000000 on become 0x7FFFFFFF.
private func clamped(_ key: Int32) -> Int32 {
  Mutant.keyClamped.isOn ? Int32(clamping: UInt32(bitPattern: key)) : key
}

@c(__wrap_shmget) func shmGet(_ key: Int32, _ size: Int, _ flags: Int32) -> Int32 {
  let segment = __real_shmget(clamped(key), size, flags)
  AtExit.remove(.segmentRemovedAtExit, segment, flags: flags, creates: IPC_CREAT) {
    _ = shmctl(segment, IPC_RMID, nil)
  }
  return segment
}

@c(__wrap_semget) func semGet(_ key: Int32, _ count: Int32, _ flags: Int32) -> Int32 {
  let set = __real_semget(clamped(key), count, flags)
  AtExit.remove(.setRemovedAtExit, set, flags: flags, creates: IPC_CREAT) {
    _ = __real_cipc_semctl_value(set, 0, IPC_RMID, 0)
  }
  return set
}

@c(__wrap_msgget) func msgGet(_ key: Int32, _ flags: Int32) -> Int32 {
  let queue = __real_msgget(clamped(key), flags)
  AtExit.remove(.messagesRemovedAtExit, queue, flags: flags, creates: IPC_CREAT) {
    _ = msgctl(queue, IPC_RMID, nil)
  }
  return queue
}

@c(__wrap_cipc_shm_stat) func segmentStatus(
  _ segment: Int32, _ status: UnsafeMutablePointer<cipc_shm_status>?
) -> Int32 {
  let result = unsafe __real_cipc_shm_stat(segment, status)
  // The code reports the size of the mapped pages as the segment size.
  if result == 0, Mutant.segmentOfWholePages.isOn, let status = unsafe status {
    unsafe status.pointee.size = unsafe (status.pointee.size + 4095) & ~4095
  }
  // The attach time and the detach time are swapped, because the code reads the elements of a tuple in the wrong order.
  if result == 0, Mutant.timesInOtherOrder.isOn, let status = unsafe status {
    unsafe swap(&status.pointee.attach_time, &status.pointee.detach_time)
  }
  // The process ID is truncated to `unsigned short`, the type of shm_cpid in older headers.
  if result == 0, Mutant.creatorOfUInt16.isOn, let status = unsafe status { unsafe status.pointee.creator &= 0xFFFF }
  return result
}

@c(__wrap_shmat) func attach(
  _ segment: Int32, _ address: UnsafeRawPointer?, _ flags: Int32
) -> UnsafeMutableRawPointer? {
  // SHM_RDONLY is not passed, because the pointer type already prevents stores.
  unsafe __real_shmat(segment, address, Mutant.attachedWritable.isOn ? flags & ~SHM_RDONLY : flags)
}

@c(__wrap_shmdt) func shmDetach(_ address: UnsafeRawPointer?) -> Int32 {
  // The class that owns the attachment has no `deinit`, so the segment is never detached.
  Mutant.segmentWithoutDeinit.isOn ? 0 : unsafe __real_shmdt(address)
}

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
  // The values are stored in a tuple of 256 elements, so all further values are 0.
  var status = cipc_sem_status()
  if Mutant.valuesOfTuple.isOn, command == SETALL, unsafe cipc_sem_stat(set, &status) == 0 {
    var array = unsafe Array(UnsafeBufferPointer(start: values, count: status.count))
    for i in array.indices.dropFirst(256) { array[i] = 0 }
    return unsafe array.withUnsafeMutableBufferPointer {
      unsafe __real_cipc_semctl_array(set, command, $0.baseAddress)
    }
  }
  guard Mutant.valuesOfInt.isOn, command == SETALL, let values = unsafe values else {
    return unsafe __real_cipc_semctl_array(set, command, values)
  }
  // The array's elements have the type Int instead of UInt16, so three of every four values are zero.
  let numbers = unsafe [Int(values[0]), Int(values[1])]
  return unsafe numbers.withUnsafeBytes { bytes in
    let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt16.self)
    return unsafe __real_cipc_semctl_array(set, command, start)
  }
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

@c(__wrap_cipc_shm_lock) func lockSegment(_ segment: Int32, _ lock: Int32) -> Int32 {
  // The call locks only the Swift value, not the segment.
  Mutant.lockOfValueOnly.isOn ? 0 : __real_cipc_shm_lock(segment, lock)
}
