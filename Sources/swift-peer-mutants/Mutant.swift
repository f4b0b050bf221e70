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

  // Messages
  case messageAsCString = "message-as-c-string"
  case messageLengthInCharacters = "message-length-in-characters"
  case messageRepaired = "message-repaired"
  case deadlineSince2001 = "deadline-since-2001"
  case textByReference = "text-by-reference"

  // System V
  case unionByPointer = "union-by-pointer"
  case valuesOfInt = "values-of-int"
  case timeoutInSeconds = "timeout-in-seconds"
  case keyByHashValue = "key-by-hash-value"

  // Memory
  case sizeOfTheVariable = "size-of-the-variable"
  case closedByOwner = "closed-by-owner"
  case pagesOfAnotherMachine = "pages-of-another-machine"
  case semaphorePostedAsCopy = "semaphore-posted-as-copy"
  case mutexLockedAsCopy = "mutex-locked-as-copy"

  // Sockets
  case addressOfFullLength = "address-of-full-length"
  case descriptorsAsInt = "descriptors-as-int"
  case firstDescriptorKept = "first-descriptor-kept"
  case credentialsByMemory = "credentials-by-memory"
  case nobodyOverflows = "nobody-overflows"

  // Internet
  case shortSendAsWhole = "short-send-as-whole"
  case resetAsEndOfFile = "reset-as-end-of-file"
  case halfCloseAsClose = "half-close-as-close"
  case emptyDatagramAsNil = "empty-datagram-as-nil"
  case portAsItIs = "port-as-it-is"

  // Channels
  case lengthInNetworkOrder = "length-in-network-order"
  case lengthOfInt = "length-of-int"
  case lengthWrittenFirst = "length-written-first"

  // Waiting
  case eventsOfSixteenBits = "events-of-sixteen-bits"
  case dataAsDescriptor = "data-as-descriptor"
  case expiredOrNot = "expired-or-not"
  case statusOfWait = "status-of-wait"

  // Shared memory
  case memoryBelieved = "memory-believed"
  case oneIsWoken = "one-is-woken"
  case sleeperForgotten = "sleeper-forgotten"
  case nextSleeperForgotten = "next-sleeper-forgotten"
  case sleepsOnACopy = "sleeps-on-a-copy"
  case lockUnknownToKernel = "lock-unknown-to-kernel"
  case firstOfSeveral = "first-of-several"

  // Signals
  case signalSetOffByOne = "signal-set-off-by-one"

  /// The selected mutant.
  ///
  /// Set once before the first request, since reading the requests is itself a `read(2)`.
  nonisolated(unsafe) static var chosen: Mutant?

  var isOn: Bool { unsafe self == Self.chosen }
}
