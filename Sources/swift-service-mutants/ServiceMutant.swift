/// The defects in the services' own decisions: the values for `--mutant`.
package enum ServiceMutant: String, CaseIterable {
  case acknowledgedInMemory = "acknowledged-in-memory"
  case confirmedBeforeCommit = "confirmed-before-commit"
  case rejectedAsDone = "rejected-as-done"
  case priorityInverted = "priority-inverted"
  case creditExceededByOne = "credit-exceeded-by-one"
  case lateMessageKept = "late-message-kept"
  case expiredMessageDelivered = "expired-message-delivered"
  case onePlusRetries = "one-plus-retries"
  case deadConsumerKeepsMessages = "dead-consumer-keeps-messages"
  case queueLengthExceededByOne = "queue-length-exceeded-by-one"
  case lastNumberForgotten = "last-number-forgotten"
  case servedFileEndIncluded = "served-file-end-included"
  case servedFileNeverDirty = "served-file-never-dirty"
  case servedFileAlwaysDirty = "served-file-always-dirty"
  case servedFileNotSynced = "served-file-not-synced"
  case servedFileSizeRemembered = "served-file-size-remembered"
  case servedFileLimitExceededByOne = "served-file-limit-exceeded-by-one"
  case deadClientsFilesKept = "dead-clients-files-kept"
  case fileOfOthersUsed = "file-of-others-used"

  /// The selected mutant; it is set once, before the program starts.
  package nonisolated(unsafe) static var chosen: ServiceMutant?

  /// Whether the mutant was selected.
  var isOn: Bool { unsafe Self.chosen == self }
}
