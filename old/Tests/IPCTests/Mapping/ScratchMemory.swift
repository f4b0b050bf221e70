import IPC
import SystemPackage

/// Lends `body` a name that no other test uses, and removes on every path what it makes of it.
func withMemoryName<Value>(_ body: (POSIXSharedMemory.Name) throws -> Value) throws -> Value {
  let name = try POSIXSharedMemory.Name(validating: "/ipc-tests-\(UInt64.random(in: .min ... .max))")
  defer { try? name.unlink() }
  return try body(name)
}

/// Memory without a name, of so many bytes.
func scratchMemory(_ size: Int) throws -> MemoryObject<ReadWrite> {
  let object = try MemoryObject<ReadWrite>(anonymous: "scratch")
  try object.resize(to: size)
  return object
}
