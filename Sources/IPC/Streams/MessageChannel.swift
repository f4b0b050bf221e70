internal import SystemPackage

/// Messages over a byte stream: each is received whole, as it was sent, however the stream splits its bytes.
///
/// ```swift
/// let pipe = try AnonymousPipe()
/// var sender = MessageChannel.Sender(pipe.writer)
/// var receiver = MessageChannel.Receiver(pipe.reader)
///
/// try sender.send("Hello".utf8.span)
/// var message: [UInt8] = []  // reused for each message
/// while try receiver.receive(into: &message) != nil { print(message) }
/// ```
///
/// A message is four bytes of length, little-endian, and then that many bytes; <doc:MessageChannels> shows it in C. It goes
/// over any ``ReadableStream`` and ``WritableStream``: pipes, FIFOs, stream sockets, rings in shared memory. A
/// ``Connection`` has both directions, for requests and replies.
///
/// The peer is not trusted. A length above the limit is an error before anything is read or allocated for it, and memory
/// is allocated only for bytes that have arrived.
///
/// | event | reported as | state of the channel afterwards |
/// |---|---|---|
/// | a message, possibly empty | its length | usable |
/// | the stream ends between messages | nil | usable: a FIFO can have a new writer |
/// | a timeout or signal, possibly within a message | `.timedOut`, `.wouldBlock`, `.interrupted` | usable: the next call continues |
/// | a length above the limit | `.messageTooLong` | broken: each call throws this again |
/// | the stream ends within a message | `.protocolError` | broken: each call throws this again |
/// | the process at the other end of a ring dies | `.ownerDied` | broken: each call throws this again |
/// | a message above the limit is sent | `.messageTooLong` | usable: nothing was sent |
/// | a timeout or signal while a message is being sent | as above | usable: sending the same message continues |
/// | another message is sent then | `.alreadyInProcess` | usable, for the unfinished message |
/// | all readers are gone | `.brokenPipe` | broken: each call throws this again |
public enum MessageChannel {
  /// The maximum length of a message unless another one is passed: 1 MiB.
  public static let defaultMaximumLength: UInt32 = 1 << 20
}
