internal import SystemPackage

// The Swift peer of docs/peer-protocol.md: a mechanism is a file and a line here.
nonisolated(unsafe) private let peer = Peer(
  operations: [
    processOperations,
    machineOperations,
    descriptorOperations,
    pipeOperations,
    transferOperations,
    recordOperations,
    streamOperations,
    bufferedOperations,
    channelOperations,
    channelSeriesOperations,
    ringOperations,
    ringRecordOperations,
    spoiltRingOperations,
    sharedQueueOperations,
    sharedQueueBulkOperations,
    memoryObjectOperations,
    mappingOperations,
    posixSemaphoreOperations,
    sharedMutexOperations,
    sharedBlockOperations,
    socketOperations,
    socketOptionOperations,
    messageOperations,
    ancillaryOperations,
    connectionOperations,
    waitingOperations,
    eventOperations,
    signalOperations,
    childOperations,
    messageQueueOperations,
    sharedMemoryOperations,
    semaphoreOperations,
    systemVMessageOperations,
  ])

/// The possible types of an inherited descriptor, in the order in which they are tried.
let adopters: [@Sendable (FileDescriptor, Int32) throws -> (any DescriptorHandle)?] = [
  adoptedMemoryObject,
  adoptedPipe,
  adoptedSocket,
  adoptedEvent,
]

/// Greets, and responds to requests until the input ends.
///
/// What is open then is left to the kernel. So the peer lives longer than this call: a robust mutex in memory that was
/// detached before the process ends is not marked as abandoned.
package func runPeer() { unsafe peer.run() }
