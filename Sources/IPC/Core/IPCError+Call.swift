extension IPCError {
  /// The C function that failed, or the library operation if it is not a single C function.
  @nonexhaustive
  public enum Call: String, Hashable, Sendable, CustomStringConvertible {
    case accept4
    case bind
    case chmod
    case close
    case closeRange = "close_range"
    case connect
    case epollCreate = "epoll_create1"
    case epollControl = "epoll_ctl"
    case epollWait = "epoll_pwait2"
    case eventFD = "eventfd"
    case fallocate
    case fchmod
    case fcntlAddSeals = "fcntl F_ADD_SEALS"
    case fcntlDuplicate = "fcntl F_DUPFD_CLOEXEC"
    case fcntlGetCloseOnExec = "fcntl F_GETFD"
    case fcntlGetFlags = "fcntl F_GETFL"
    case fcntlGetLock = "fcntl F_GETLK"
    case fcntlGetPipeSize = "fcntl F_GETPIPE_SZ"
    case fcntlGetSeals = "fcntl F_GET_SEALS"
    case fcntlOFDGetLock = "fcntl F_OFD_GETLK"
    case fcntlOFDSetLock = "fcntl F_OFD_SETLK"
    case fcntlOFDSetLockWait = "fcntl F_OFD_SETLKW"
    case fcntlSetCloseOnExec = "fcntl F_SETFD"
    case fcntlSetFlags = "fcntl F_SETFL"
    case fcntlSetLock = "fcntl F_SETLK"
    case fcntlSetLockWait = "fcntl F_SETLKW"
    case fcntlSetPipeSize = "fcntl F_SETPIPE_SZ"
    case flock
    case fstat
    case ftok
    case ftruncate
    case futex
    case futexWaitAny = "futex_waitv"
    case getPeerName = "getpeername"
    case getRobustList = "get_robust_list"
    case getSocketName = "getsockname"
    case getsockoptAcceptsConnections = "getsockopt SO_ACCEPTCONN"
    case getsockoptBroadcast = "getsockopt SO_BROADCAST"
    case getsockoptDomain = "getsockopt SO_DOMAIN"
    case getsockoptError = "getsockopt SO_ERROR"
    case getsockoptIPv6Only = "getsockopt IPV6_V6ONLY"
    case getsockoptKeepAlive = "getsockopt SO_KEEPALIVE"
    case getsockoptLinger = "getsockopt SO_LINGER"
    case getsockoptMemoryInformation = "getsockopt SO_MEMINFO"
    case getsockoptMulticastHops = "getsockopt IPV6_MULTICAST_HOPS"
    case getsockoptMulticastLoop = "getsockopt IP_MULTICAST_LOOP"
    case getsockoptMulticastLoopIPv6 = "getsockopt IPV6_MULTICAST_LOOP"
    case getsockoptMulticastTTL = "getsockopt IP_MULTICAST_TTL"
    case getsockoptPassCredentials = "getsockopt SO_PASSCRED"
    case getsockoptPeekOffset = "getsockopt SO_PEEK_OFF"
    case getsockoptPeerCredentials = "getsockopt SO_PEERCRED"
    case getsockoptPassPIDFD = "getsockopt SO_PASSPIDFD"
    case getsockoptPeerPIDFD = "getsockopt SO_PEERPIDFD"
    case getsockoptReceiveBuffer = "getsockopt SO_RCVBUF"
    case getsockoptReceiveLowWater = "getsockopt SO_RCVLOWAT"
    case getsockoptReceiveTimeout = "getsockopt SO_RCVTIMEO"
    case getsockoptReuseAddress = "getsockopt SO_REUSEADDR"
    case getsockoptReusePort = "getsockopt SO_REUSEPORT"
    case getsockoptSendBuffer = "getsockopt SO_SNDBUF"
    case getsockoptSendTimeout = "getsockopt SO_SNDTIMEO"
    case getsockoptTCPKeepCount = "getsockopt TCP_KEEPCNT"
    case getsockoptTCPKeepIdle = "getsockopt TCP_KEEPIDLE"
    case getsockoptTCPKeepInterval = "getsockopt TCP_KEEPINTVL"
    case getsockoptTCPNoDelay = "getsockopt TCP_NODELAY"
    case getsockoptType = "getsockopt SO_TYPE"
    case inotifyAddWatch = "inotify_add_watch"
    case inotifyInit = "inotify_init1"
    case inotifyRemoveWatch = "inotify_rm_watch"
    case ioctlBytesAvailable = "ioctl FIONREAD"
    case kill
    case listen
    case madvise
    case memcpy
    case memfdCreate = "memfd_create"
    case messageChannelReceive = "MessageChannel.receive"
    case messageChannelRequest = "MessageChannel.request"
    case messageChannelSend = "MessageChannel.send"
    case mkfifo
    case mlock
    case mmap
    case mqClose = "mq_close"
    case mqGetAttributes = "mq_getattr"
    case mqNotify = "mq_notify"
    case mqOpen = "mq_open"
    case mqReceive = "mq_receive"
    case mqSend = "mq_send"
    case mqSetAttributes = "mq_setattr"
    case mqTimedReceive = "mq_timedreceive"
    case mqTimedSend = "mq_timedsend"
    case mqUnlink = "mq_unlink"
    case mremap
    case msgctl
    case msgget
    case msgrcv
    case msgsnd
    case msync
    case munlock
    case munmap
    case open
    case pidfdGetDescriptor = "pidfd_getfd"
    case pidfdOpen = "pidfd_open"
    case pidfdSendSignal = "pidfd_send_signal"
    case pipe2
    case posixSpawn = "posix_spawnp"
    case ppoll
    case pread
    case preadv
    case processVMRead = "process_vm_readv"
    case processVMWrite = "process_vm_writev"
    case pthreadBarrierDestroy = "pthread_barrier_destroy"
    case pthreadBarrierInit = "pthread_barrier_init"
    case pthreadBarrierWait = "pthread_barrier_wait"
    case pthreadBarrierattrInit = "pthread_barrierattr_init"
    case pthreadBarrierattrSetShared = "pthread_barrierattr_setpshared"
    case pthreadCondBroadcast = "pthread_cond_broadcast"
    case pthreadCondDestroy = "pthread_cond_destroy"
    case pthreadCondInit = "pthread_cond_init"
    case pthreadCondSignal = "pthread_cond_signal"
    case pthreadCondTimedWait = "pthread_cond_timedwait"
    case pthreadCondWait = "pthread_cond_wait"
    case pthreadCondattrInit = "pthread_condattr_init"
    case pthreadCondattrSetClock = "pthread_condattr_setclock"
    case pthreadCondattrSetShared = "pthread_condattr_setpshared"
    case pthreadCreate = "pthread_create"
    case pthreadMutexClockLock = "pthread_mutex_clocklock"
    case pthreadMutexConsistent = "pthread_mutex_consistent"
    case pthreadMutexDestroy = "pthread_mutex_destroy"
    case pthreadMutexInit = "pthread_mutex_init"
    case pthreadMutexLock = "pthread_mutex_lock"
    case pthreadMutexTryLock = "pthread_mutex_trylock"
    case pthreadMutexUnlock = "pthread_mutex_unlock"
    case pthreadMutexattrInit = "pthread_mutexattr_init"
    case pthreadMutexattrSetProtocol = "pthread_mutexattr_setprotocol"
    case pthreadMutexattrSetRobust = "pthread_mutexattr_setrobust"
    case pthreadMutexattrSetShared = "pthread_mutexattr_setpshared"
    case pthreadMutexattrSetType = "pthread_mutexattr_settype"
    case pthreadRWLockClockReadLock = "pthread_rwlock_clockrdlock"
    case pthreadRWLockClockWriteLock = "pthread_rwlock_clockwrlock"
    case pthreadRWLockDestroy = "pthread_rwlock_destroy"
    case pthreadRWLockInit = "pthread_rwlock_init"
    case pthreadRWLockReadLock = "pthread_rwlock_rdlock"
    case pthreadRWLockTryReadLock = "pthread_rwlock_tryrdlock"
    case pthreadRWLockTryWriteLock = "pthread_rwlock_trywrlock"
    case pthreadRWLockUnlock = "pthread_rwlock_unlock"
    case pthreadRWLockWriteLock = "pthread_rwlock_wrlock"
    case pthreadRWLockattrInit = "pthread_rwlockattr_init"
    case pthreadRWLockattrSetShared = "pthread_rwlockattr_setpshared"
    case pwritev
    case read
    case readLine
    case readv
    case readMaps = "read /proc/self/maps"
    case readlink
    case recv
    case recvfrom
    case recvmmsg
    case recvmsg
    case ring
    case ringCreate = "ring_make"
    case ringOpen = "ring_open"
    case ringRead = "ring_read"
    case ringReceive = "ring_receive"
    case ringSend = "ring_send"
    case ringWrite = "ring_write"
    case sdListenFDs = "sd_listen_fds"
    case semClockWait = "sem_clockwait"
    case semClose = "sem_close"
    case semDestroy = "sem_destroy"
    case semGetValue = "sem_getvalue"
    case semInit = "sem_init"
    case semOpen = "sem_open"
    case semPost = "sem_post"
    case semTryWait = "sem_trywait"
    case semUnlink = "sem_unlink"
    case semWait = "sem_wait"
    case semctl
    case semget
    case semop
    case send
    case sendfile
    case sendmmsg
    case sendmsg
    case sendto
    case setsockoptBroadcast = "setsockopt SO_BROADCAST"
    case setsockoptIPv6Only = "setsockopt IPV6_V6ONLY"
    case setsockoptJoinGroup = "setsockopt MCAST_JOIN_GROUP"
    case setsockoptKeepAlive = "setsockopt SO_KEEPALIVE"
    case setsockoptLeaveGroup = "setsockopt MCAST_LEAVE_GROUP"
    case setsockoptLinger = "setsockopt SO_LINGER"
    case setsockoptMulticastHops = "setsockopt IPV6_MULTICAST_HOPS"
    case setsockoptMulticastInterface = "setsockopt IP_MULTICAST_IF"
    case setsockoptMulticastInterfaceIPv6 = "setsockopt IPV6_MULTICAST_IF"
    case setsockoptMulticastLoop = "setsockopt IP_MULTICAST_LOOP"
    case setsockoptMulticastLoopIPv6 = "setsockopt IPV6_MULTICAST_LOOP"
    case setsockoptMulticastTTL = "setsockopt IP_MULTICAST_TTL"
    case setsockoptPassCredentials = "setsockopt SO_PASSCRED"
    case setsockoptPassPIDFD = "setsockopt SO_PASSPIDFD"
    case setsockoptPeekOffset = "setsockopt SO_PEEK_OFF"
    case setsockoptReceiveBuffer = "setsockopt SO_RCVBUF"
    case setsockoptReceiveLowWater = "setsockopt SO_RCVLOWAT"
    case setsockoptReceiveTimeout = "setsockopt SO_RCVTIMEO"
    case setsockoptReuseAddress = "setsockopt SO_REUSEADDR"
    case setsockoptReusePort = "setsockopt SO_REUSEPORT"
    case setsockoptSendBuffer = "setsockopt SO_SNDBUF"
    case setsockoptSendTimeout = "setsockopt SO_SNDTIMEO"
    case setsockoptTCPKeepCount = "setsockopt TCP_KEEPCNT"
    case setsockoptTCPKeepIdle = "setsockopt TCP_KEEPIDLE"
    case setsockoptTCPKeepInterval = "setsockopt TCP_KEEPINTVL"
    case setsockoptTCPNoDelay = "setsockopt TCP_NODELAY"
    case sharedQueueClose = "ipc_queue_close"
    case sharedQueueCreate = "ipc_queue_make"
    case sharedQueueMessages = "ipc_queue_messages"
    case sharedQueueOpen = "ipc_queue_open"
    case sharedQueueReceive = "ipc_queue_receive"
    case sharedQueueSelect = "ipc_queue_select"
    case sharedQueueSend = "ipc_queue_send"
    case sharedQueueStatus = "ipc_queue_status"
    case shmOpen = "shm_open"
    case shmUnlink = "shm_unlink"
    case shmat
    case shmctl
    case shmdt
    case shmget
    case shutdown
    case sigaction
    case signalFD = "signalfd"
    case sigqueue
    case sigtimedwait
    case socket
    case socketPair = "socketpair"
    case splice
    case stat
    case strdup
    case tee
    case timeoutUntil = "Timeout.until"
    case timerCreate = "timer_create"
    case timerFDCreate = "timerfd_create"
    case timerFDGetTime = "timerfd_gettime"
    case timerFDSetTime = "timerfd_settime"
    case timerGetOverrun = "timer_getoverrun"
    case timerGetTime = "timer_gettime"
    case timerSetTime = "timer_settime"
    case unlink
    case waitid
    case waitpid
    case write
    case writev

    /// The name of the C function, such as `mq_open`, followed by the command if the function has several:
    /// `fcntl F_SETPIPE_SZ`.
    public var description: String { rawValue }
  }
}
