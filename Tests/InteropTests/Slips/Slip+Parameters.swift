extension Slip {
  /// Slips in braces, and in the values that are filled in for them.
  static let parameters: [Slip] = [
    Slip(
      "an unknown variable", "count={bytes}", "count={byts}",
      "test.yaml:10:47: unknown variable 'byts'; did you mean 'bytes'? (a capture must stand in an earlier step)"),
    Slip(
      "a brace that is open", "count={bytes}", "count={bytes",
      "test.yaml:10:46: this '{' has no '}' behind it in the same word"),
    Slip(
      "a capture before it is made", "count={bytes}", "count={sent} buf={bytes}",
      "test.yaml:10:47: unknown variable 'sent'; it is one of abstract, bytes, fifo, key, mq, path, reader.pid, shm, writer.pid (a capture must stand in an earlier step)"
    ),
    Slip(
      "the pid of nobody", "count={bytes}", "count={bytes} buf={wroter.pid}",
      "test.yaml:10:59: unknown role 'wroter'; did you mean 'writer'?"),
    Slip(
      "reckoning with an unknown parameter", "count={bytes}", "count={bytes+byte}",
      "test.yaml:10:47: unknown parameter 'byte'; did you mean 'bytes'?"),
    Slip(
      "reckoning that overflows", "count={bytes}", "count={bytes*9223372036854775807+bytes}",
      "test.yaml:10:47: the result does not fit into 64 bits"),
    Slip(
      "reckoning with a word", "[1, 2]", "[one]",
      "test.yaml:11:36: the parameter 'bytes' is 'one' here, and one cannot reckon with that"),
    Slip(
      "a parameter that nothing mentions", "{bytes: [1, 2]}", "{bytes: [1], unused: [2]}",
      "test.yaml:6:9: nothing mentions the parameter 'unused'"),
    Slip(
      "a parameter without values", "{bytes: [1, 2]}", "{bytes: []}",
      "test.yaml:6:17: 'bytes' has no value"),
    Slip(
      "rows that differ", "{bytes: [1, 2]}", "[{bytes: 1}, {byte: 2}]",
      "test.yaml:6:9: each row has the same parameters; one has bytes, another byte"),
    Slip(
      "a parameter of a taken name", "{bytes: [1, 2]}", "{bytes: [1], key: [2]}",
      "test.yaml:6:22: 'key' cannot name a parameter: letters, digits and _, and none of number, mq, fifo, path, key"),
  ]
}
