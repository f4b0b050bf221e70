import CIPC
import CReal
import Glibc

@c(__wrap_cipc_socket_writev) func sendParts(
  _ socket: Int32, _ parts: UnsafePointer<cipc_part>?, _ count: Int, _ flags: Int32
) -> Int {
  guard Mutant.partsJoined.isOn else { return unsafe __real_cipc_socket_writev(socket, parts, count, flags) }
  // All parts are copied into one array, which is sent with a single call.
  var bytes: [UInt8] = []
  let list = unsafe UnsafeBufferPointer(start: parts, count: count)
  for index in list.indices {
    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: list[index].bytes, count: list[index].count))
  }
  return unsafe cipc_socket_write(socket, bytes, bytes.count, flags)
}

@c(__wrap_cipc_pipe_writev) func writeParts(
  _ descriptor: Int32, _ parts: UnsafePointer<cipc_part>?, _ count: Int, _ flags: Int32
) -> Int {
  guard Mutant.partsOneByOne.isOn else { return unsafe __real_cipc_pipe_writev(descriptor, parts, count, flags) }
  // `for part in parts { write(part) }`.
  var total = 0
  let list = unsafe UnsafeBufferPointer(start: parts, count: count)
  for index in list.indices {
    let written = unsafe cipc_pipe_write(descriptor, list[index].bytes, list[index].count, flags)
    if written < 0 { return total > 0 ? total : -1 }
    total += written
  }
  return total
}

@c(__wrap_cipc_pipe_readv) func readParts(
  _ descriptor: Int32, _ parts: UnsafePointer<cipc_part>?, _ count: Int, _ flags: Int32
) -> Int {
  guard Mutant.lastPartOfAll.isOn, count > 1, let parts = unsafe parts else {
    return unsafe __real_cipc_pipe_readv(descriptor, parts, count, flags)
  }
  // The code uses the same buffer for all parts, so all parts contain the same bytes in the end.
  let longest = unsafe UnsafeBufferPointer(start: parts, count: count).map(\.count).max() ?? 0
  let room = UnsafeMutableRawPointer.allocate(byteCount: longest, alignment: 1)
  defer { unsafe room.deallocate() }
  let same = unsafe UnsafeBufferPointer(start: parts, count: count).map {
    unsafe cipc_part(bytes: room, count: $0.count)
  }
  let result = unsafe __real_cipc_pipe_readv(descriptor, same, count, flags)
  for index in 0..<count {
    unsafe parts[index].bytes.copyMemory(from: room, byteCount: parts[index].count)
  }
  return result
}

@c(__wrap_cipc_preadv) func readPartsAt(
  _ descriptor: Int32, _ parts: UnsafePointer<cipc_part>?, _ count: Int, _ offset: Int64
) -> Int {
  // The result of `parts[0].withUnsafeMutableBytes` is returned; the loop over the other parts was never written.
  unsafe __real_cipc_preadv(
    descriptor, parts, Mutant.firstFilePartOnly.isOn ? min(count, 1) : count,
    Mutant.partsOffsetOfUInt32.isOn ? Int64(UInt32(truncatingIfNeeded: offset)) : offset)
}

@c(__wrap_cipc_pwritev) func writePartsAt(
  _ descriptor: Int32, _ parts: UnsafePointer<cipc_part>?, _ count: Int, _ offset: Int64
) -> Int {
  // The overload without an offset is called, so the parts are written at the current position.
  Mutant.partsWrittenAtPosition.isOn
    ? unsafe __real_cipc_pipe_writev(descriptor, parts, count, 0)
    : unsafe __real_cipc_pwritev(descriptor, parts, count, offset)
}
