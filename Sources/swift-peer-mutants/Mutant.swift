/// The values of `--mutant`.
///
/// `fixtures/mutants.yaml` lists the cells that must catch each mutant.
enum Mutant: String, CaseIterable {
  // Bytes
  case writeLengthInCharacters = "write-length-in-characters"
  case neverClosed = "never-closed"
  case pipeOfFoundation = "pipe-of-foundation"
  case readFillsTheArray = "read-fills-the-array"
  case sigpipeLetThrough = "sigpipe-let-through"
  case modeInDecimal = "mode-in-decimal"
  case errnoAfterLog = "errno-after-log"
  case bytesRepaired = "bytes-repaired"
  case newlineStripped = "newline-stripped"
  case nothingAsEndOfFile = "nothing-as-end-of-file"
  case endOfFileRetried = "end-of-file-retried"
  case bytesOneByOne = "bytes-one-by-one"
  case writtenOneByOne = "written-one-by-one"
  case restFromTheBeginning = "rest-from-the-beginning"
  case onlyAskedEvents = "only-asked-events"
  case polledInTurns = "polled-in-turns"
  case closeRetried = "close-retried"
  case removalByTry = "removal-by-try"
  case removedBeforeCreating = "removed-before-creating"

  // Answers
  case tornByAssert = "torn-by-assert"
  case lostByAssert = "lost-by-assert"
  case disorderedByAssert = "disordered-by-assert"
  case repeatedByAssert = "repeated-by-assert"
  case wrongByAssert = "wrong-by-assert"
  case differsByAssert = "differs-by-assert"

  // Messages
  case messageAsCString = "message-as-c-string"
  case messageLengthInCharacters = "message-length-in-characters"
  case messageRepaired = "message-repaired"
  case deadlineSince2001 = "deadline-since-2001"
  case textByReference = "text-by-reference"
  case createWithoutExclusive = "create-without-exclusive"
  case queueWithoutAttributes = "queue-without-attributes"
  case sortedAscending = "sorted-ascending"
  case bufferOfFixedSize = "buffer-of-fixed-size"
  case messageWithItsBuffer = "message-with-its-buffer"
  case priorityUnread = "priority-unread"
  case notificationWithoutValue = "notification-without-value"
  case typeCounted = "type-counted"
  case typeAsInt32 = "type-as-int32"
  case cutWithoutError = "cut-without-error"
  case tupleInOtherOrder = "tuple-in-other-order"

  // System V
  case unionByPointer = "union-by-pointer"
  case valuesOfInt = "values-of-int"
  case timeoutInSeconds = "timeout-in-seconds"
  case keyByHashValue = "key-by-hash-value"
  case undoOfEightBits = "undo-of-eight-bits"
  case operationsOneByOne = "operations-one-by-one"
  case setNotRemoved = "set-not-removed"
  case segmentOfWholePages = "segment-of-whole-pages"
  case attachedForever = "attached-forever"
  case attachedWritable = "attached-writable"

  // Memory
  case sizeOfTheVariable = "size-of-the-variable"
  case closedByOwner = "closed-by-owner"
  case pagesOfAnotherMachine = "pages-of-another-machine"
  case semaphorePostedAsCopy = "semaphore-posted-as-copy"
  case mutexLockedAsCopy = "mutex-locked-as-copy"
  case mappedAsData = "mapped-as-data"
  case mappingRetained = "mapping-retained"
  case storedInACopy = "stored-in-a-copy"
  case openedTruncating = "opened-truncating"
  case memfdInherited = "memfd-inherited"
  case spaceNotReserved = "space-not-reserved"

  // Semaphores and mutexes
  case semaphoreOfThreads = "semaphore-of-threads"
  case waitRetriedAlways = "wait-retried-always"
  case postResultDiscarded = "post-result-discarded"
  case conditionOfThreads = "condition-of-threads"
  case mutexOutlivedByLock = "mutex-outlived-by-lock"
  case unlockResultDiscarded = "unlock-result-discarded"
  case ownerDeadUnlocked = "owner-dead-unlocked"
  case signalledForBroadcast = "signalled-for-broadcast"
  case conditionByWallClock = "condition-by-wall-clock"

  // Sockets
  case addressOfFullLength = "address-of-full-length"
  case descriptorsAsInt = "descriptors-as-int"
  case firstDescriptorKept = "first-descriptor-kept"
  case credentialsByMemory = "credentials-by-memory"
  case nobodyOverflows = "nobody-overflows"
  case descriptorsBySpace = "descriptors-by-space"
  case receivedReleased = "received-released"
  case sendingConsumes = "sending-consumes"
  case descriptorsWithEveryPart = "descriptors-with-every-part"
  case restNeverSent = "rest-never-sent"
  case controlTruncationIgnored = "control-truncation-ignored"
  case acceptedByChildren = "accepted-by-children"
  case pathOfFourteenBytes = "path-of-fourteen-bytes"
  case abstractAsPath = "abstract-as-path"
  case nameAsCString = "name-as-c-string"
  case socketPathRemovedFirst = "socket-path-removed-first"
  case backlogOfDefault = "backlog-of-default"
  case optionOfACopy = "option-of-a-copy"

  // Internet
  case shortSendAsWhole = "short-send-as-whole"
  case resetAsEndOfFile = "reset-as-end-of-file"
  case halfCloseAsClose = "half-close-as-close"
  case emptyDatagramAsNil = "empty-datagram-as-nil"
  case portAsItIs = "port-as-it-is"
  case peekConsumes = "peek-consumes"
  case shutdownLeftToDeinit = "shutdown-left-to-deinit"
  case emptyDatagramNotSent = "empty-datagram-not-sent"
  case inProgressAsConnected = "in-progress-as-connected"
  case lingerAsFlag = "linger-as-flag"

  // Channels
  case lengthInNetworkOrder = "length-in-network-order"
  case lengthOfInt = "length-of-int"
  case lengthWrittenFirst = "length-written-first"

  // Waiting
  case eventsOfSixteenBits = "events-of-sixteen-bits"
  case dataAsDescriptor = "data-as-descriptor"
  case expiredOrNot = "expired-or-not"
  case statusOfWait = "status-of-wait"
  case firstEventAlone = "first-event-alone"
  case modifiedByAdding = "modified-by-adding"
  case eventOptionsLost = "event-options-lost"
  case secondsOfComponents = "seconds-of-components"

  // Shared memory
  case memoryBelieved = "memory-believed"
  case oneIsWoken = "one-is-woken"
  case sleeperForgotten = "sleeper-forgotten"
  case lockUnknownToKernel = "lock-unknown-to-kernel"
  case firstOfSeveral = "first-of-several"
  case spinsForTheWord = "spins-for-the-word"
  case wakesEveryMillisecond = "wakes-every-millisecond"
  case lockKeptAnnounced = "lock-kept-announced"

  // Signals
  case signalSetOffByOne = "signal-set-off-by-one"
  case maskReplacedBySet = "mask-replaced-by-set"
  case queuedWithoutValue = "queued-without-value"
  case codeUnsigned = "code-unsigned"
  case signalWaitRetried = "signal-wait-retried"

  // Child processes
  case argumentsWithoutProgram = "arguments-without-program"
  case exitStatusShifted = "exit-status-shifted"
  case childNotAwaited = "child-not-awaited"
  case inputLeftOpen = "input-left-open"

  // Programs
  case printNotFlushed = "print-not-flushed"
  case errorExitsWithZero = "error-exits-with-zero"
  case exitSkipsDefer = "exit-skips-defer"
  case textWithoutNUL = "text-without-nul"
  case readerKeptByParent = "reader-kept-by-parent"
  case oneReadIsAll = "one-read-is-all"

  /// The selected mutant.
  ///
  /// Set once before the first request, since reading the requests is itself a `read(2)`.
  nonisolated(unsafe) static var chosen: Mutant?

  /// Whether this process is an example program, and not a peer.
  nonisolated(unsafe) static var isInProgram = false

  var isOn: Bool { unsafe self == Self.chosen }
}
