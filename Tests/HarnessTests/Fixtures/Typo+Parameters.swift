extension Typo {
  /// Errors in parameters and in the braces that use them.
  static let parameters: [Typo] = [
    Typo(
      "an unknown variable", "count={bytes}", "count={byts}",
      "test.yaml:10:47: unknown variable 'byts'; did you mean 'bytes'? (an earlier step must capture it)"),
    Typo(
      "a brace that is not closed", "count={bytes}", "count={bytes",
      "test.yaml:10:46: this '{' has no '}' after it in the same word"),
    Typo(
      "a variable before its capture", "count={bytes}", "count={sent} buf={bytes}",
      "test.yaml:10:47: unknown variable 'sent'; it is one of abstract, bytes, fifo, key, mq, path, reader.pid, reader.uid, shm, writer.pid, writer.uid (an earlier step must capture it)"
    ),
    Typo(
      "the pid of an unknown role", "count={bytes}", "count={bytes} buf={wroter.pid}",
      "test.yaml:10:59: unknown role 'wroter'; did you mean 'writer'?"),
    Typo(
      "the uid of an unknown role", "count={bytes}", "count={bytes} buf={wroter.uid}",
      "test.yaml:10:59: unknown role 'wroter'; did you mean 'writer'?"),
    Typo(
      "a formula with an unknown parameter", "count={bytes}", "count={bytes+byte}",
      "test.yaml:10:47: unknown parameter 'byte'; did you mean 'bytes'?"),
    Typo(
      "a formula that overflows", "count={bytes}", "count={bytes*9223372036854775807+bytes}",
      "test.yaml:10:47: the result does not fit into 64 bits"),
    Typo(
      "a formula with a word", "[1, 2]", "[one]",
      "test.yaml:11:36: the parameter 'bytes' is 'one' here, which is not a number"),
    Typo(
      "a parameter that is not used", "{bytes: [1, 2]}", "{bytes: [1], unused: [2]}",
      "test.yaml:6:9: the parameter 'unused' is not used"),
    Typo(
      "a parameter without values", "{bytes: [1, 2]}", "{bytes: []}",
      "test.yaml:6:17: the list of values is empty"),
    Typo(
      "rows that differ", "{bytes: [1, 2]}", "[{bytes: 1}, {byte: 2}]",
      "test.yaml:6:9: all rows must have the same parameters; one has bytes, another byte"),
    Typo(
      "a parameter with a reserved name", "{bytes: [1, 2]}", "{bytes: [1], key: [2]}",
      "test.yaml:6:22: 'key' cannot be a parameter: use letters, digits and _, and none of number, mq, shm, fifo, path, abstract, key"
    ),
  ]
}
