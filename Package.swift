// swift-tools-version: 6.3
import PackageDescription

/// Whether the package also contains the tools.
///
/// The Makefile sets this variable.
let hasTools = Context.environment["IPC_INTEROP_TOOLS"] != nil

/// The settings for every Swift target.
let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  hasTools ? .treatAllWarnings(as: .error) : .treatAllWarnings(as: .error, .when(configuration: .debug)),
]

/// The settings for targets whose internal declarations the tests use.
///
/// `make unit` tests the release build, so that no source is compiled twice.
let testableSettings =
  settings + (hasTools ? [.unsafeFlags(["-enable-testing"], .when(configuration: .release))] : [])

/// The flags for code whose compilation takes longer than its execution.
///
/// SwiftPM needs no module before its code, so that emitting the module separately would only type-check twice.
let fastCompilation: [SwiftSetting] = [
  .unsafeFlags(["-Onone", "-no-emit-module-separately-wmo"], .when(configuration: .release))
]

/// The settings for tests, and for programs that take most of their time in other code.
let quicklyBuilt = settings + (hasTools ? fastCompilation : [])

/// The settings for targets with asynchronous functions, which run on their caller's executor.
let asynchronous = SwiftSetting.enableUpcomingFeature("NonisolatedNonsendingByDefault")
let asyncSettings = settings + [asynchronous]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

// The library. A package that depends on this one resolves only swift-system.
let package = Package(
  name: "ipc-interop",
  products: [
    .library(name: "IPC", targets: ["IPC"]),
    .library(name: "IPCAsync", targets: ["IPCAsync"]),
    .plugin(name: "InteropCheck", targets: ["InteropCheck"]),
  ],
  dependencies: [.package(url: "https://github.com/apple/swift-system", from: "1.8.1")],
  targets: [
    .target(name: "CIPC", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "IPC", dependencies: ["CIPC", system], swiftSettings: testableSettings),

    // The library's blocking calls as asynchronous functions. The library does not depend on them.
    .target(name: "CIPCAsync", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "IPCAsync", dependencies: ["CIPCAsync", "IPC", system],
      swiftSettings: testableSettings + [asynchronous]),

    // Provides `swift package interop-check` to a package that depends on this one.
    .plugin(
      name: "InteropCheck",
      capability: .command(
        intent: .custom(
          verb: "interop-check", description: "Builds the package, and tests its programs with 'ipc-interop check'.")),
      path: "Sources/InteropCheck"),

    // Replaces malloc in the test program, to count allocations.
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    .testTarget(
      name: "IPCTests", dependencies: ["AllocationCount", "CIPC", "IPC", system], swiftSettings: quicklyBuilt),

    // ThreadSanitizer annotations for the test program, which contains all test targets.
    .target(name: "Sanitizers", path: "Tests/Sanitizers", cSettings: [.define("_GNU_SOURCE")]),
    .testTarget(
      name: "IPCAsyncTests", dependencies: ["AllocationCount", "IPC", "IPCAsync", "Sanitizers", system],
      swiftSettings: quicklyBuilt + [asynchronous]),
  ]
)

// The tools: the test runner, the Swift peer, the examples.
if hasTools {
  let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

  /// A static executable starts in half a millisecond, and the test runner starts thousands of them.
  let staticExecutable = LinkerSetting.unsafeFlags(
    ["-static-executable", "-use-ld=lld"], .when(configuration: .release))

  /// The linker settings for installed executables, which must not need the toolchain's shared libraries.
  ///
  /// The argument parser needs Foundation, which does not link these libraries by itself.
  let installable: [LinkerSetting] = [
    .unsafeFlags(["-static-stdlib", "-use-ld=lld"], .when(configuration: .release)),
    .linkedLibrary("_FoundationCShims", .when(configuration: .release)),
    .linkedLibrary("_FoundationCollections", .when(configuration: .release)),
    .linkedLibrary("_FoundationICU", .when(configuration: .release)),
    .linkedLibrary("CoreFoundation", .when(configuration: .release)),
  ]

  /// The C functions that the mutants of `Sources/swift-peer-mutants` replace.
  let wrappedCalls = [
    "cipc_accept", "cipc_bind", "cipc_bind_path", "cipc_clock_monotonic", "cipc_close_range", "cipc_connect",
    "cipc_disconnect", "cipc_epoll_ctl", "cipc_epoll_wait", "cipc_epoll_wait_masked", "cipc_eventfd",
    "cipc_eventfd_read_now", "cipc_eventfd_write", "cipc_fallocate", "cipc_ftok", "cipc_futex_wait",
    "cipc_futex_wait_any", "cipc_futex_wake", "cipc_inotify_add_watch", "cipc_inotify_read", "cipc_inotify_rm_watch",
    "cipc_internet_receive", "cipc_internet_send", "cipc_memfd_create", "cipc_mq_getattr", "cipc_mq_notify_signal",
    "cipc_mq_notify_thread", "cipc_mq_open", "cipc_mq_receive", "cipc_mq_send", "cipc_mq_timedreceive",
    "cipc_mq_timedsend", "cipc_mq_unlink", "cipc_mremap", "cipc_msg_set", "cipc_msg_stat", "cipc_msgrcv",
    "cipc_msgsnd", "cipc_mutex_lock_until", "cipc_open_beneath", "cipc_peer_credentials", "cipc_pidfd_getfd",
    "cipc_pidfd_reap", "cipc_pidfd_wait", "cipc_pipe2", "cipc_pipe_read", "cipc_pipe_readv", "cipc_pipe_write",
    "cipc_pipe_writev", "cipc_populate", "cipc_ppoll", "cipc_ppoll_masked", "cipc_preadv", "cipc_process_vm_read",
    "cipc_process_vm_write", "cipc_pwritev", "cipc_receive_ancillary", "cipc_receive_many", "cipc_robust_begin",
    "cipc_robust_end", "cipc_rwlock_lock_until", "cipc_sem_set", "cipc_sem_wait_until", "cipc_semctl",
    "cipc_semctl_array", "cipc_semctl_value", "cipc_semop", "cipc_semtimedop", "cipc_send_ancillary",
    "cipc_set_socket_linger", "cipc_set_socket_option", "cipc_set_socket_timeout", "cipc_shm_lock", "cipc_shm_set",
    "cipc_shm_stat", "cipc_sigmask", "cipc_signalfd", "cipc_signalfd_replace", "cipc_sigpending", "cipc_sigqueue",
    "cipc_sigtimedwait", "cipc_socket_name", "cipc_socket_read", "cipc_socket_write", "cipc_socket_writev",
    "cipc_spawn", "cipc_splice", "cipc_timer_set", "cipc_timerfd", "cipc_timerfd_read", "cipc_timerfd_set",
    "cipc_wait", "cipc_without_umask", "close", "exit", "fchmod", "fcntl", "flock", "fstat", "ftruncate", "ioctl",
    "kill", "listen", "lseek", "mkfifo", "mlock", "mmap", "msgget", "munmap", "open", "pread", "pthread_barrier_wait",
    "pthread_barrierattr_setpshared", "pthread_cond_broadcast", "pthread_cond_timedwait", "pthread_condattr_setclock",
    "pthread_condattr_setpshared", "pthread_mutex_lock", "pthread_mutex_trylock", "pthread_mutex_unlock",
    "pthread_mutexattr_setrobust", "pthread_mutexattr_settype", "pthread_rwlock_rdlock", "pthread_rwlock_tryrdlock",
    "pthread_rwlock_wrlock", "pthread_rwlockattr_setpshared", "pwrite", "recvmsg", "sem_close", "sem_getvalue",
    "sem_init", "sem_post", "sem_trywait", "sem_wait", "semget", "shm_open", "shmat", "shmdt", "shmget", "shutdown",
    "unlink", "write",
  ]

  let fuzzed: [Target.Dependency] = ["FuzzedC", "IPC", "Harness", "PeerProtocol", system]

  package.dependencies += [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ]
  package.products += [
    .executable(name: "ipc-interop", targets: ["ipc-interop"]),
    .executable(name: "swift-peer", targets: ["swift-peer"]),
    .executable(name: "swift-examples", targets: ["swift-examples"]),
  ]
  package.targets += [
    // Shared by the test runner and a peer
    .target(name: "PeerProtocol", swiftSettings: testableSettings),

    // The implementation under test.
    .target(
      name: "SwiftPeer", dependencies: ["CIPC", "IPC", "PeerProtocol", system], path: "Sources/swift-peer",
      swiftSettings: settings),
    .executableTarget(
      name: "swift-peer", dependencies: ["SwiftPeer"], path: "Sources/swift-peer-main", swiftSettings: settings,
      linkerSettings: [staticExecutable]),
    .target(
      name: "SwiftExamples", dependencies: ["IPC", arguments, system], path: "Sources/swift-examples",
      swiftSettings: settings),
    .target(
      name: "SwiftServices", dependencies: ["CIPC", "IPC", "IPCAsync", "SwiftExamples", arguments, system],
      path: "Sources/swift-services", swiftSettings: asyncSettings),
    .executableTarget(
      name: "swift-examples", dependencies: ["SwiftExamples", "SwiftServices"], path: "Sources/swift-examples-main",
      swiftSettings: settings, linkerSettings: installable),

    // The ported program in the worked example in docs/your-programs.md.
    .executableTarget(
      name: "job_client", dependencies: ["IPC", system], path: "Tests/Jobs/swift", swiftSettings: settings),

    // The same peer and programs with mutants; an option activates one mutant.
    .systemLibrary(name: "CReal"),
    .executableTarget(
      name: "swift-peer-mutants", dependencies: ["CIPC", "CReal", "SwiftExamples", "SwiftPeer", "SwiftServices"],
      swiftSettings: quicklyBuilt,
      linkerSettings: [
        staticExecutable, .unsafeFlags(wrappedCalls.flatMap { ["-Xlinker", "--wrap=\($0)"] }),
        // The programs' argument parser needs Foundation, which does not link these libraries into a static
        // executable.
        .linkedLibrary("_FoundationCollections", .when(configuration: .release)),
        .linkedLibrary("_FoundationCShims", .when(configuration: .release)),
      ]),

    // The test runner. It never imports the library.
    .target(
      name: "Harness", dependencies: ["PeerProtocol", system, .product(name: "Yams", package: "Yams")],
      swiftSettings: testableSettings),
    .executableTarget(
      name: "ipc-interop", dependencies: ["Harness", arguments, system], swiftSettings: quicklyBuilt,
      linkerSettings: installable),

    // The programs that `make cost` measures, and the reporter.
    .executableTarget(
      name: "swift-cost", dependencies: ["IPC", system], swiftSettings: settings,
      linkerSettings: [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]),
    .executableTarget(name: "cost-report", swiftSettings: quicklyBuilt),

    // The program that `make async-cost` runs.
    .executableTarget(
      name: "async-cost", dependencies: ["AllocationCount", "IPC", "IPCAsync", system], swiftSettings: asyncSettings),

    .testTarget(name: "PeerProtocolTests", dependencies: ["PeerProtocol"], swiftSettings: quicklyBuilt),
    .testTarget(
      name: "HarnessTests", dependencies: ["Harness", "PeerProtocol", "Sanitizers", system],
      exclude: ["Reports/Snapshots", "Peers/partial-peer.py"],
      swiftSettings: quicklyBuilt),

    // Swift ports of the programs in Tests/Textbook; the recording tests compare them with the C versions.
    .executableTarget(
      name: "textbook-ports", dependencies: ["IPC", system], path: "Tests/TextbookPorts", swiftSettings: quicklyBuilt),

    // Code that reads untrusted bytes. Every test run feeds it fixtures/corpus. Undefined behavior in the C code traps.
    .target(
      name: "FuzzedC", path: "Tests/Fuzz/C",
      cSettings: [
        .define("_GNU_SOURCE"), .headerSearchPath("../../../c-peers/include"),
        .unsafeFlags(["-fsanitize=undefined", "-fsanitize-trap=undefined"]),
      ]),
  ]
  // `make mutants` sets this variable to the calls in c-peers/generated-mutants/calls.h.
  if let calls = Context.environment["GENERATED_CALLS"] {
    package.targets += [
      // The Swift peer with generated mutants, each of which changes one of these calls.
      .target(
        name: "GeneratedMutants", path: "c-peers/generated-mutants", sources: ["intercept.c", "wrappers.c"],
        cSettings: [.define("_GNU_SOURCE")]),
      .executableTarget(
        name: "swift-peer-generated", dependencies: ["GeneratedMutants", "SwiftPeer"], swiftSettings: settings,
        linkerSettings: [
          staticExecutable, .unsafeFlags(calls.split(separator: " ").flatMap { ["-Xlinker", "--wrap=\($0)"] }),
        ]),
      // The services with mutants in their decisions; `make mutants` adds the mutants to a copy of the sources.
      .target(
        name: "SwiftServicesWithMutants",
        dependencies: ["CIPC", "IPC", "IPCAsync", "SwiftExamples", arguments, system],
        path: ".build/service-mutants/swift-services", swiftSettings: quicklyBuilt + [asynchronous]),
      .executableTarget(
        name: "swift-service-mutants", dependencies: ["SwiftServicesWithMutants"],
        path: "Sources/swift-service-mutants", exclude: ["ServiceMutant.swift", "decisions.patch"],
        swiftSettings: settings, linkerSettings: installable),
      // The runner with its mutants; `ipc-interop self-test --write-runner` writes the sources.
      .target(
        name: "HarnessWithMutants", dependencies: ["PeerProtocol", system, .product(name: "Yams", package: "Yams")],
        path: ".build/runner-mutants/Harness", swiftSettings: quicklyBuilt),
      .executableTarget(
        name: "ipc-interop-mutants", dependencies: ["HarnessWithMutants", arguments, system],
        path: ".build/runner-mutants/ipc-interop", swiftSettings: quicklyBuilt),
    ]
  }
  // `make fuzz` sets `FUZZ`, and runs the same targets with libFuzzer.
  package.targets.append(
    Context.environment["FUZZ"] == nil
      ? .testTarget(
        name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["C", "main.swift"],
        swiftSettings: quicklyBuilt)
      : .executableTarget(
        name: "fuzz", dependencies: fuzzed, path: "Tests/Fuzz",
        exclude: ["C", "CHeaderTests.swift", "CorpusTests.swift"],
        swiftSettings: settings, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}

// `make adoption` sets this variable to compile and run the recipes for other event loops, which need swift-nio.
if Context.environment["IPC_INTEROP_NIO"] != nil {
  package.dependencies.append(.package(url: "https://github.com/apple/swift-nio", from: "2.101.0"))
  // The recipes do not need the other tests.
  package.targets.removeAll { $0.type == .test }
  package.targets.append(
    .testTarget(
      name: "AdoptionTests",
      dependencies: [
        "IPC", "IPCAsync", system, .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: asyncSettings))
}
