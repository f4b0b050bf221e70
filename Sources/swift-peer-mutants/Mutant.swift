/// The values of `--mutant`.
///
/// `fixtures/mutants.yaml` lists the cells that must catch each mutant.
enum Mutant: String, CaseIterable {
  // Bytes
  case writeLengthInCharacters = "write-length-in-characters"
  case neverClosed = "never-closed"
  case foundationPipe = "foundation-pipe"
  case readFillsTheArray = "read-fills-the-array"
  case sigpipeNotSuppressed = "sigpipe-not-suppressed"
  case modeInDecimal = "mode-in-decimal"
  case errnoAfterLog = "errno-after-log"
  case everySigpipeRemoved = "every-sigpipe-removed"
  case maskWithoutDefer = "mask-without-defer"
  case writerLeftNonBlocking = "writer-left-non-blocking"
  case hangUpAsEnd = "hang-up-as-end"
  case readerLeftNonBlocking = "reader-left-non-blocking"
  case closedByDeinitToo = "closed-by-deinit-too"
  case directNotImported = "direct-not-imported"
  case umaskOfProcess = "umask-of-process"
  case signalsLeftBlocked = "signals-left-blocked"
  case pathOfFixedSize = "path-of-fixed-size"

  // Deadlines
  case firstEntryOfArray = "first-entry-of-array"
  case selectForPoll = "select-for-poll"
  case eventsAsEnumeration = "events-as-enumeration"
  case oneEpollEvent = "one-epoll-event"
  case epollEventsAsEnumeration = "epoll-events-as-enumeration"
  case intervalDefaulted = "interval-defaulted"
  case timerOfUInt32 = "timer-of-uint32"
  case semaphoreDeadlineOfInt32 = "semaphore-deadline-of-int32"
  case carryForgotten = "carry-forgotten"
  case timeoutSwallowed = "timeout-swallowed"
  case mutexDeadlineOfInt32 = "mutex-deadline-of-int32"
  case conditionDeadlineOfInt32 = "condition-deadline-of-int32"
  case queueLeftNonBlocking = "queue-left-non-blocking"
  case semaphoreMillisecondsOfInt32 = "semaphore-milliseconds-of-int32"
  case nanosecondsTrap = "nanoseconds-trap"

  // Messages
  case messageAsCString = "message-as-c-string"
  case messageLengthInCharacters = "message-length-in-characters"
  case messageRepaired = "message-repaired"
  case deadlineSince2001 = "deadline-since-2001"
  case textByReference = "text-by-reference"
  case priorityOfUInt8 = "priority-of-uint8"
  case attributesExchanged = "attributes-exchanged"
  case attributesCached = "attributes-cached"
  case notificationValueNil = "notification-value-nil"
  case countOfBuffer = "count-of-buffer"
  case typeOfInt32 = "type-of-int32"
  case strideAsSize = "stride-as-size"
  case selectionByMagnitude = "selection-by-magnitude"
  case lengthOfMessage = "length-of-message"
  case capacityDefaulted = "capacity-defaulted"

  // System V
  case unionByPointer = "union-by-pointer"
  case valuesOfInt = "values-of-int"
  case timeoutInSeconds = "timeout-in-seconds"
  case keyByHashValue = "key-by-hash-value"
  case firstOperationOfArray = "first-operation-of-array"
  case indexOfUInt8 = "index-of-uint8"
  case flagsOfInt8 = "flags-of-int8"
  case valueOfUInt8 = "value-of-uint8"
  case removalTried = "removal-tried"
  case modeDefaulted = "mode-defaulted"
  case ownersExchanged = "owners-exchanged"
  case keyClamped = "key-clamped"
  case segmentWithoutDeinit = "segment-without-deinit"
  case valuesOfTuple = "values-of-tuple"

  // Memory
  case sizeOfTheVariable = "size-of-the-variable"
  case closedByOwner = "closed-by-owner"
  case pagesOfAnotherMachine = "pages-of-another-machine"
  case semaphorePostedAsCopy = "semaphore-posted-as-copy"
  case mutexLockedAsCopy = "mutex-locked-as-copy"
  case lengthOfUInt32 = "length-of-uint32"
  case mapOffsetOfUInt32 = "map-offset-of-uint32"
  case privateByDefault = "private-by-default"
  case mappingWithoutDeinit = "mapping-without-deinit"
  case remappedAsCopy = "remapped-as-copy"
  case sealingByDefault = "sealing-by-default"
  case sizeOfInt32 = "size-of-int32"
  case readOffsetOfUInt32 = "read-offset-of-uint32"
  case writeOffsetOfUInt32 = "write-offset-of-uint32"

  // Synchronization
  case tryLockDiscarded = "try-lock-discarded"
  case pthreadErrorAsMinusOne = "pthread-error-as-minus-one"
  case robustnessDefaulted = "robustness-defaulted"
  case clockDefaulted = "clock-defaulted"
  case signalForBroadcast = "signal-for-broadcast"
  case sharingDefaulted = "sharing-defaulted"
  case semaphoreValueOfUInt8 = "semaphore-value-of-uint8"
  case semaphoreClosedByCopy = "semaphore-closed-by-copy"

  // Sockets
  case addressOfFullLength = "address-of-full-length"
  case descriptorsAsInt = "descriptors-as-int"
  case firstDescriptorKept = "first-descriptor-kept"
  case credentialsFromMemory = "credentials-from-memory"
  case unknownUserOverflows = "unknown-user-overflows"
  case abstractNameAsCString = "abstract-name-as-c-string"
  case credentialsNotSent = "credentials-not-sent"
  case descriptorsOfUInt8 = "descriptors-of-uint8"
  case halfOfDescriptors = "half-of-descriptors"
  case flagsNotChecked = "flags-not-checked"
  case inheritedByChildren = "inherited-by-children"
  case otherEndNamed = "other-end-named"
  case newValueIgnored = "new-value-ignored"
  case optionOfApple = "option-of-apple"

  // Internet
  case shortSendAsWhole = "short-send-as-whole"
  case resetAsEndOfFile = "reset-as-end-of-file"
  case halfCloseAsClose = "half-close-as-close"
  case emptyDatagramAsNil = "empty-datagram-as-nil"
  case portNotConverted = "port-not-converted"
  case receiverLeftNonBlocking = "receiver-left-non-blocking"
  case receivedPortNotConverted = "received-port-not-converted"
  case lingerOfDuration = "linger-of-duration"

  // Channels
  case lengthInNetworkOrder = "length-in-network-order"
  case lengthOfInt = "length-of-int"
  case lengthWrittenFirst = "length-written-first"

  // Waiting
  case eventsOfSixteenBits = "events-of-sixteen-bits"
  case dataAsDescriptor = "data-as-descriptor"
  case expiredOrNot = "expired-or-not"
  case statusOfWait = "status-of-wait"
  case eventFlagsDefaulted = "event-flags-defaulted"
  case counterLeftNonBlocking = "counter-left-non-blocking"
  case counterOfUInt32 = "counter-of-uint32"

  // Timeouts
  case pollHalved = "poll-halved"
  case pollStartedAgain = "poll-started-again"
  case pollWaitsASecond = "poll-zero-rounded-up"
  case epollHalved = "epoll-halved"
  case epollStartedAgain = "epoll-started-again"
  case signalWaitHalved = "signal-wait-halved"
  case signalWaitStartedAgain = "signal-wait-started-again"
  case setOperationHalved = "semtimedop-halved"
  case setOperationStartedAgain = "semtimedop-started-again"
  case futexHalved = "futex-halved"
  case futexStartedAgain = "futex-started-again"
  case semaphoreWaitHalved = "sem-clockwait-halved"
  case semaphoreWaitStartedAgain = "sem-clockwait-started-again"
  case queueWaitHalved = "mq-wait-halved"
  case queueWaitStartedAgain = "mq-wait-started-again"
  case tryWaitTriesAgain = "trywait-tries-again"
  case nonblockingTriesAgain = "nonblocking-tries-again"

  // State
  case polledMadeNonblocking = "poll-sets-nonblocking"
  case signalStaysBlocked = "write-leaves-sigpipe-blocked"
  case alarmHandlerLeft = "alarm-handler-left"

  // Exits
  case queueRemovedAtExit = "queue-removed-at-exit"
  case memoryRemovedAtExit = "memory-removed-at-exit"
  case segmentRemovedAtExit = "segment-removed-at-exit"
  case messagesRemovedAtExit = "messages-removed-at-exit"
  case setRemovedAtExit = "set-removed-at-exit"

  // Shared memory
  case memoryLengthUnchecked = "memory-length-unchecked"
  case oneWaiterWoken = "one-waiter-woken"
  case sleeperNotWoken = "sleeper-not-woken"
  case lockUnknownToKernel = "lock-unknown-to-kernel"
  case firstOfSeveral = "first-of-several"

  // Signals
  case signalSetOffByOne = "signal-set-off-by-one"
  case pendingOfInt32 = "pending-of-int32"
  case signalValueOfUInt8 = "signal-value-of-uint8"
  case millisecondsTrap = "milliseconds-trap"
  case signOfValueLost = "sign-of-value-lost"
  case senderNotImported = "sender-not-imported"
  case firstSignalOfSet = "first-signal-of-set"

  /// The selected mutant.
  ///
  /// Set once before the first request, since reading the requests is itself a `read(2)`.
  nonisolated(unsafe) static var chosen: Mutant?

  var isOn: Bool { unsafe self == Self.chosen }
}
