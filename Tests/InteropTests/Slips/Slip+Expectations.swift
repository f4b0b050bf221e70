extension Slip {
  /// Slips in what is expected, and in the order of asking and answering.
  static let expectations: [Slip] = [
    Slip(
      "an unknown errno", "EAGAIN|EINTR", "EAGIAN|EINTR",
      "test.yaml:14:24: unknown errno 'EAGIAN'; did you mean 'EAGAIN'?"),
    Slip(
      "an error without its symbol", "error EAGAIN|EINTR", "error",
      "test.yaml:14:18: behind 'error' stands the symbol of an errno, as in 'error EAGAIN'"),
    Slip(
      "an unknown expectation", "-> blocks", "-> bocks",
      "test.yaml:12:42: unknown expectation 'bocks'; did you mean 'blocks'? (or a field, as in return=4)"),
    Slip(
      "nothing expected", "-> blocks", "->",
      "test.yaml:12:39: behind '->' stands what is expected: ok, error ERRNO, blocks, later, or fields"),
    Slip(
      "fields behind blocks", "-> blocks", "-> blocks return=1",
      "test.yaml:12:49: nothing stands behind 'blocks': the fields go to the step that takes the answer"),
    Slip(
      "blocks where nothing sleeps", "read handle=r count=100 -> blocks", "pid -> blocks",
      "test.yaml:12:15: 'pid' never sleeps in a system call, so it cannot be seen to block"),
    Slip(
      "an unknown kind of object", "shm=0 sem=0", "shm=0 seem=0",
      "test.yaml:15:21: unknown kind 'seem'; did you mean 'sem'?"),
    Slip(
      "a census without a number", "shm=0 sem=0", "shm=some",
      "test.yaml:15:15: 'shm=some' is not of the form KIND=COUNT, as in sem=1"),
    Slip(
      "an answer that nobody takes", "    - reader: -> error EAGAIN|EINTR\n", "",
      "test.yaml:12:7: nobody takes this answer; add '- reader: -> ok' behind it, or kill or end the role"),
    Slip(
      "an answer that is not there", "- reader: read handle=r count=100 -> blocks", "- reader: pid",
      "test.yaml:14:7: 'reader' has no answer to be taken: nothing before it is left with 'blocks' or 'later'"),
    Slip(
      "a question before the answer", "    - kill: writer", "    - reader: pid",
      "test.yaml:13:7: the answer of 'reader' to line 12 was not taken; '- reader: -> ok' goes before"),
    Slip(
      "a question to the dead", "- census: shm=0 sem=0", "- writer: pid",
      "test.yaml:15:7: 'writer' was killed before"),
    Slip(
      "a wait for somebody who stays", "- census: shm=0 sem=0", "- wait: reader -> exit 0",
      "test.yaml:15:7: 'reader' does not end by itself; 'kill: reader' or 'end: reader' goes before"),
    Slip(
      "an end that cannot be", "- census: shm=0 sem=0", "- wait: writer -> gone",
      "test.yaml:15:20: behind the role stands '-> exit 0', '-> exit not 0' or '-> killed SIGKILL'"),
    Slip(
      "a signal that does not exist", "- census: shm=0 sem=0", "- wait: writer -> killed SIGKIL",
      "test.yaml:15:30: unknown signal 'SIGKIL'; did you mean 'SIGKILL'?"),
    Slip(
      "a peer that is started", "- census: shm=0 sem=0", "- start: reader",
      "test.yaml:15:14: 'reader' is a peer, and is started when it is first needed"),
    Slip(
      "a handle handed too late", "- census: shm=0 sem=0", "- hand: {reader.r: writer.r}",
      "test.yaml:15:7: a descriptor can be handed only to a role that has not started, and 'writer' has"),
    Slip(
      "a handle without its role", "{reader.w: writer.w}", "{w: writer.w}",
      "test.yaml:9:14: 'w' is not of the form ROLE.HANDLE"),
  ]
}
