extension Typo {
  /// Errors in roles, operations and values.
  static let requests: [Typo] = [
    Typo(
      "an unknown role", "- writer: write", "- wirter: write",
      "test.yaml:10:7: unknown role or step 'wirter'; did you mean 'writer'?"),
    Typo(
      "an unknown kind of step", "- kill: writer", "- klil: writer",
      "test.yaml:13:7: unknown role or step 'klil'; did you mean 'kill'?"),
    Typo(
      "an unknown role to kill", "- kill: writer", "- kill: wroter",
      "test.yaml:13:13: unknown role or step 'wroter'; did you mean 'writer'?"),
    Typo(
      "an unknown operation", "read handle=r count=100 ->", "raed handle=r count=100 ->",
      "test.yaml:12:15: unknown operation 'raed'; did you mean 'read'?"),
    Typo(
      "an unknown parameter", "write handle=w", "write hanlde=w",
      "test.yaml:10:21: 'write' takes no 'hanlde'; did you mean 'handle'?"),
    Typo(
      "a misspelled symbol", "pipe2 reader=r writer=w", "pipe2 reader=r writer=w flags=O_DIRECT|O_NONBLOKC",
      "test.yaml:8:54: unknown symbol 'O_NONBLOKC'; did you mean 'O_NONBLOCK'?"),
    Typo(
      "a parameter twice", "write handle=w", "write handle=w handle=w",
      "test.yaml:10:30: 'handle' is given twice"),
    Typo(
      "a value with a space in it", "write handle=w", "write handle=w two words",
      "test.yaml:10:30: 'two' is not of the form key=value; write a space in a value as %20",
      "test.yaml:10:34: 'words' is not of the form key=value; write a space in a value as %20"),
    Typo(
      "an invalid percent-encoding", "write handle=w", "write handle=w%0",
      "test.yaml:10:28: a '%' must be followed by two hexadecimal digits; write '%' itself as %25"),
    Typo(
      "a character that must be encoded", "write handle=w", "write handle=w!",
      "test.yaml:10:28: write a '!' in a value as %21"),
  ]
}
