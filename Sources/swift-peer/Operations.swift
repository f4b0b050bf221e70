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

/// Greets, and answers until the input ends.
package func runPeer() { Peer(operations: everything).run() }
