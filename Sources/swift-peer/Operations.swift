internal import Glibc

// The Swift peer of docs/peer-contract.md: whoever adds a mechanism adds a file and a line here.
private let everything = [
  processOperations,
  machineOperations,
  descriptorOperations,
  signalOperations,
  pipeOperations,
  transferOperations,
  recordOperations,
  messageQueueOperations,
  sharedMemoryOperations,
  semaphoreOperations,
  systemVMessageOperations,
  memoryObjectOperations,
  mappingOperations,
  posixSemaphoreOperations,
  socketOperations,
  messageOperations,
  enclosureOperations,
  sharedMutexOperations,
]

/// Greets, answers until the input ends, and ends the process.
///
/// What is open then is left to the kernel: a mutex in memory that was detached before is not told that its owner died.
package func runPeer() -> Never {
  let peer = Peer(operations: everything)
  peer.run()
  withExtendedLifetime(peer) { exit(EXIT_SUCCESS) }
}
