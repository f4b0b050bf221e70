internal import SystemPackage

// The Swift peer of docs/peer-protocol.md. Each mechanism has its own file and a line here.
nonisolated(unsafe) private let peer = Peer(
  operations: [
    processOperations,
    machineOperations,
    descriptorOperations,
    pipeOperations,
    transferOperations,
    recordOperations,
    streamOperations,
    splicingOperations,
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
    fileLockOperations,
    posixSemaphoreOperations,
    sharedMutexOperations,
    sharedRWLockOperations,
    sharedBlockOperations,
    socketOperations,
    socketOptionOperations,
    messageOperations,
    batchOperations,
    ancillaryOperations,
    connectionOperations,
    waitingOperations,
    eventOperations,
    changeOperations,
    directoryOperations,
    signalOperations,
    childOperations,
    nestedOperations,
    messageQueueOperations,
    notificationOperations,
    sharedMemoryOperations,
    semaphoreOperations,
    systemVMessageOperations,
    benchmarkOperations,
  ])

/// The functions that recognize an inherited descriptor's type, in the order in which they are tried.
let adopters: [@Sendable (FileDescriptor, Int32) throws -> (any DescriptorHandle)?] = [
  adoptedMemoryObject,
  adoptedPipe,
  adoptedSocket,
  adoptedEvent,
]

/// Writes the greeting, and responds to requests until the input ends.
///
/// The kernel closes the objects that are still open when the process exits. The peer is a global variable, so that it
/// outlives this call. If its memory were detached before the process exits, the kernel would not mark a robust mutex
/// in that memory as abandoned.
package func runPeer() { unsafe peer.run() }
