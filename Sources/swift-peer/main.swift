// The Swift peer of docs/peer-contract.md: whoever adds a mechanism adds a file and a line here.
let peer = Peer(
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
    sharedBlockOperations,
    ringOperations,
    ringRecordOperations,
    spoiltRingOperations,
  ])
peer.run()
