internal import CIPC
internal import Glibc
internal import PeerProtocol

/// The machine's limits, and the layouts of C types and the values of C constants, as imported by Swift.
let machineOperations: [Peer.Operation] = [
  .init("limits", "") { _, _ in
    var fields = Fields()
    fields.append("PIPE_BUF", PIPE_BUF)
    fields.append("PATH_MAX", PATH_MAX)
    fields.append("NAME_MAX", NAME_MAX)
    fields.append("MQ_PRIO_MAX", sysconf(Int32(_SC_MQ_PRIO_MAX)))
    fields.append("SEM_VALUE_MAX", sysconf(Int32(_SC_SEM_VALUE_MAX)))
    return fields
  },

  .init("layout", "") { _, _ in
    var fields = Fields()
    for (name, bytes) in layout { fields.append(name, bytes ?? -1) }
    fields.append("byte_order", 1.littleEndian == 1 ? "little" : "big")
    return fields
  },

  .init("constants", "") { _, _ in
    var fields = Fields()
    for (name, value) in constants { fields.append(name, value) }
    return fields
  },
]

/// The sizes of types and, for names that contain a dot, the offsets of fields.
///
/// The types are either imported from C or are the library's own.
private let layout: KeyValuePairs<String, Int?> = [
  "char": MemoryLayout<CChar>.size,
  "short": MemoryLayout<CShort>.size,
  "int": MemoryLayout<CInt>.size,
  "long": MemoryLayout<CLong>.size,
  "long_long": MemoryLayout<CLongLong>.size,
  "pointer": unsafe MemoryLayout<UnsafeRawPointer>.size,
  "size_t": MemoryLayout<size_t>.size,
  "ssize_t": MemoryLayout<ssize_t>.size,
  "off_t": MemoryLayout<off_t>.size,
  "pid_t": MemoryLayout<pid_t>.size,
  "uid_t": MemoryLayout<uid_t>.size,
  "gid_t": MemoryLayout<gid_t>.size,
  "mode_t": MemoryLayout<mode_t>.size,
  "key_t": MemoryLayout<key_t>.size,
  // <mqueue.h> is not imported: the library declares replacements for mqd_t and for the attributes.
  "mqd_t": MemoryLayout<CInt>.size,
  "time_t": MemoryLayout<time_t>.size,
  "timespec": MemoryLayout<timespec>.size,
  "timespec.tv_nsec": MemoryLayout<timespec>.offset(of: \.tv_nsec),
  "mq_attr": MemoryLayout<cipc_mq_attributes>.size,
  "mq_attr.mq_maxmsg": MemoryLayout<cipc_mq_attributes>.offset(of: \.maximum_messages),
  "mq_attr.mq_msgsize": MemoryLayout<cipc_mq_attributes>.offset(of: \.message_size),
  "mq_attr.mq_curmsgs": MemoryLayout<cipc_mq_attributes>.offset(of: \.current_messages),
  "sembuf": MemoryLayout<sembuf>.size,
  "sembuf.sem_op": MemoryLayout<sembuf>.offset(of: \.sem_op),
  "sembuf.sem_flg": MemoryLayout<sembuf>.offset(of: \.sem_flg),
  // Every caller of semctl(2) must declare this union of a number and a pointer, so its size is that of a pointer.
  "semun": unsafe MemoryLayout<UnsafeRawPointer>.size,
]

private let constants: KeyValuePairs<String, Int> = [
  "O_RDONLY": Int(O_RDONLY), "O_WRONLY": Int(O_WRONLY), "O_RDWR": Int(O_RDWR), "O_CREAT": Int(O_CREAT),
  "O_EXCL": Int(O_EXCL), "O_NONBLOCK": Int(O_NONBLOCK), "O_CLOEXEC": Int(O_CLOEXEC), "O_DIRECT": Int(CIPC_O_DIRECT),
  "IPC_CREAT": Int(IPC_CREAT), "IPC_EXCL": Int(IPC_EXCL), "IPC_NOWAIT": Int(IPC_NOWAIT), "IPC_RMID": Int(IPC_RMID),
  "IPC_SET": Int(IPC_SET), "IPC_STAT": Int(IPC_STAT), "IPC_PRIVATE": Int(IPC_PRIVATE),
  "SHM_RDONLY": Int(SHM_RDONLY), "SEM_UNDO": Int(SEM_UNDO), "GETVAL": Int(GETVAL), "SETVAL": Int(SETVAL),
  "GETPID": Int(GETPID), "GETNCNT": Int(GETNCNT), "GETZCNT": Int(GETZCNT), "GETALL": Int(GETALL),
  "SETALL": Int(SETALL), "F_GETPIPE_SZ": Int(CIPC_F_GETPIPE_SZ), "F_SETPIPE_SZ": Int(CIPC_F_SETPIPE_SZ),
  "FIONREAD": Int(FIONREAD), "POLLIN": Int(POLLIN), "POLLOUT": Int(POLLOUT), "POLLERR": Int(POLLERR),
  "POLLHUP": Int(POLLHUP), "SIGEV_SIGNAL": Int(SIGEV_SIGNAL), "SIGEV_NONE": Int(SIGEV_NONE),
]
