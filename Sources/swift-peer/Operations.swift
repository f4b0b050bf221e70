// The Swift peer of docs/peer-contract.md: whoever adds a mechanism adds a file and a line here.
nonisolated(unsafe) private let peer = Peer(
  operations: [
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
    channelOperations,
    channelSeriesOperations,
    waitingOperations,
    eventOperations,
    sharedQueueOperations,
    sharedQueueBulkOperations,
    streamOperations,
    socketOptionOperations,
    sharedBlockOperations,
    ringOperations,
    ringRecordOperations,
    spoiltRingOperations,
  ])

/// Greets, and answers until the input ends.
///
/// What is open then is left to the kernel, for which the peer outlives this call: a mutex in memory that was detached
/// before is not told that its owner died.
package func runPeer() { unsafe peer.run() }
