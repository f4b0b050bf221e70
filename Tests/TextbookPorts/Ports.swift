internal import Glibc
internal import IPC
internal import SystemPackage

/// Writes three records to the logger's FIFO: the length as a 32-bit integer in network byte order, then the text.
func fifoClient(defect: String) throws {
  let writer = try FIFO("/tmp/log.fifo").openForWriting()
  for text in ["started", "working", "stopped"] {
    let bytes = Array(text.utf8) + (defect == "nul" ? [] : [0])
    let length = UInt32(bytes.count)
    let record = integer(defect == "byte-order" ? length : length.bigEndian) + bytes
    try writer.writeAtomically(record.span)
  }
  try writer.close()
}

/// Submits jobs to the server, and waits for each result.
func jobClient(defect: String) throws {
  let jobs = try POSIXMessageQueue.Sender.open("/jobs")
  let done = try POSIXMessageQueue.Receiver.open("/done")
  func submit(_ number: UInt32, _ name: String, _ priority: UInt32) throws {
    try jobs.send(
      job("s", number, name, padding: defect == "padding" ? 0xAA : 0).span,
      priority: defect == "priority" ? 0 : priority)
    var answer: [UInt8] = []
    _ = try done.receive(appendingTo: &answer)
    print(String(decoding: answer.dropLast(), as: UTF8.self))
  }
  if defect == "order" {
    try submit(12, "second", 5)
    try submit(7, "first", 3)
  } else {
    try submit(7, "first", 3)
    try submit(12, "second", 5)
  }
  if defect == "extra" { try submit(1, "again", 0) }
  try submit(20, "third", 1)
  try jobs.send(job("q", 0, "", padding: 0).span)
}

/// The bytes of `struct job`: a character, three bytes of padding, a 32-bit integer, and a name of 8 bytes.
private func job(_ kind: Unicode.Scalar, _ number: UInt32, _ name: String, padding: UInt8) -> [UInt8] {
  let text = Array(name.utf8.prefix(7))
  return [UInt8(ascii: kind)] + [padding, padding, padding] + integer(number) + text
    + [UInt8](repeating: 0, count: 8 - text.count)
}

private func integer(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

/// Consumes the producer's items from the ring, and removes the ring.
func ringConsumer(defect: String) throws {
  let semaphores = try SystemVSemaphores.open(0x5e01)
  let segment = try SystemVSharedMemory.open(0x5e01)
  let ring = try segment.attach()
  for item in 0..<7 {
    try semaphores.perform(.acquire(1))
    try semaphores.perform(.acquire(2, undo: defect != "no-undo"))
    let slot = item % 4 * 4
    print("took \(try ring.load(as: UInt32.self, at: slot))")
    try ring.store(UInt32(0), at: slot)
    try semaphores.perform(.release(2, undo: defect != "no-undo"))
    try semaphores.perform(.release(0))
  }
  try ring.detach()
  if defect != "keeps-segment" { try segment.remove() }
  try semaphores.remove()
}

/// Sends tasks to the process that the file names.
func signalBoss(defect: String) throws {
  let file = try FileDescriptor.open(FilePath("/tmp/worker.pid"), .readOnly, options: .closeOnExec)
  var bytes = [UInt8](repeating: 0, count: 16)
  let count = try file.closeAfter { try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) } }
  let worker = ProcessID(rawValue: Int32(String(decoding: bytes[..<count].dropLast(), as: UTF8.self)) ?? 0)
  try Signal.user1.queue(value: defect == "value" ? 41 : 42, to: worker)
  try Signal.realTime(1)?.queue(value: 7, to: worker)
  try Signal.terminate.send(to: worker)
}
