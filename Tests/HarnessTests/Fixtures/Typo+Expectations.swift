extension Typo {
  /// Errors in expectations and in the order of requests and responses.
  static let expectations: [Typo] = [
    Typo(
      "an unknown errno", "EAGAIN|EINTR", "EAGIAN|EINTR",
      "test.yaml:14:24: unknown errno 'EAGIAN'; did you mean 'EAGAIN'?"),
    Typo(
      "an error without its symbol", "error EAGAIN|EINTR", "error",
      "test.yaml:14:18: 'error' must be followed by the symbol of an errno, as in 'error EAGAIN'"),
    Typo(
      "an unknown expectation", "-> blocks", "-> bocks",
      "test.yaml:12:42: unknown expectation 'bocks'; did you mean 'blocks'? (or a field, as in return=4)"),
    Typo(
      "errno instead of error", "-> error EAGAIN|EINTR", "-> errno EAGAIN",
      "test.yaml:14:18: unknown expectation 'errno'; did you mean 'error EAGAIN'?"),
    Typo(
      "errno as a field", "-> error EAGAIN|EINTR", "-> errno=EAGIAN",
      "test.yaml:14:18: unknown expectation 'errno=EAGIAN'; did you mean 'error EAGAIN'?"),
    Typo(
      "only the symbol of an error", "-> error EAGAIN|EINTR", "-> EAGAIN",
      "test.yaml:14:18: unknown expectation 'EAGAIN'; did you mean 'error EAGAIN'?"),
    Typo(
      "an unknown field", "differs=none", "difers=none",
      "test.yaml:11:74: the response to 'read' has no 'difers'; did you mean 'differs'?"),
    Typo(
      "an unknown field of a later response", "-> error EAGAIN|EINTR", "-> mesg=x",
      "test.yaml:14:18: the response to 'read' has no 'mesg'; it is one of buf, differs, digest, return"),
    Typo(
      "another arrow", "-> blocks", "=> blocks",
      "test.yaml:12:39: '=>' is not a word of a step; did you mean '->'?"),
    Typo(
      "nothing expected", "-> blocks", "->",
      "test.yaml:12:39: '->' must be followed by an expectation: ok, error ERRNO, blocks, later, or fields"),
    Typo(
      "fields after blocks", "-> blocks", "-> blocks return=1",
      "test.yaml:12:49: 'blocks' takes no fields: write them in the step that takes the response"),
    Typo(
      "blocks for an operation that never sleeps", "read handle=r count=100 -> blocks", "pid -> blocks",
      "test.yaml:12:15: 'pid' never sleeps in a system call, so it cannot be seen to block"),
    Typo(
      "an unknown kind of object", "shm=0 sem=0", "shm=0 seem=0",
      "test.yaml:15:22: unknown kind 'seem'; did you mean 'sem'?"),
    Typo(
      "a number of objects that is not a number", "shm=0 sem=0", "shm=some",
      "test.yaml:15:16: 'shm=some' is not of the form KIND=COUNT, as in sem=1"),
    Typo(
      "a mode that is not octal", "shm=0 sem=0", "shm=0 mode=0640",
      "test.yaml:15:7: 'mode=0640' is not octal without a leading zero, as in mode=640"),
    Typo(
      "a response that no step takes", "    - reader: -> error EAGAIN|EINTR\n", "",
      "test.yaml:12:7: no step takes this response; add '- reader: -> ok', or kill or end the role"),
    Typo(
      "a response without a request", "- reader: read handle=r count=100 -> blocks", "- reader: pid",
      "test.yaml:14:7: 'reader' has no response to take: no step before it leaves one with 'blocks' or 'later'"),
    Typo(
      "a request before the response", "    - kill: writer", "    - reader: pid",
      "test.yaml:13:7: no step takes the response of 'reader' to line 12; add '- reader: -> ok' first"),
    Typo(
      "a request to a killed role", "- objects: shm=0 sem=0", "- writer: pid",
      "test.yaml:15:7: 'writer' has already been killed"),
    Typo(
      "a wait for a role that does not end", "- objects: shm=0 sem=0", "- wait: reader -> exit 0",
      "test.yaml:15:7: 'reader' does not end by itself; 'kill: reader' or 'end: reader' must come first"),
    Typo(
      "an unknown form of end", "- objects: shm=0 sem=0", "- wait: writer -> gone",
      "test.yaml:15:20: the role must be followed by '-> exit 0', '-> exit not 0' or '-> killed SIGKILL'"),
    Typo(
      "a misspelled exit", "- objects: shm=0 sem=0", "- wait: writer -> exti 0",
      "test.yaml:15:23: unknown word 'exti'; did you mean 'exit'?"),
    Typo(
      "a misspelled not", "- objects: shm=0 sem=0", "- wait: writer -> exit nto 0",
      "test.yaml:15:28: unknown word 'nto'; did you mean 'not'?"),
    Typo(
      "a signal that does not exist", "- objects: shm=0 sem=0", "- wait: writer -> killed SIGKIL",
      "test.yaml:15:30: unknown signal 'SIGKIL'; did you mean 'SIGKILL'?"),
    Typo(
      "a peer that is started", "- objects: shm=0 sem=0", "- start: reader",
      "test.yaml:15:14: 'reader' is a peer, which starts with its first request"),
    Typo(
      "a handle for a role that has started", "- objects: shm=0 sem=0", "- hand: {reader.r: writer.r}",
      "test.yaml:15:7: 'writer' has already started, so it cannot inherit a descriptor"),
    Typo(
      "a handle without its role", "{reader.w: writer.w}", "{w: writer.w}",
      "test.yaml:9:14: 'w' is not of the form ROLE.HANDLE"),
  ]
}
