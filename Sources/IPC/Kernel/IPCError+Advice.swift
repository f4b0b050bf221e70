internal import SystemPackage

extension IPCError {
  /// What to do about it, where the reason alone does not tell: mostly, which limit was met and where it is set.
  var advice: String? {
    switch (call, errno) {
    case ("fcntl F_SETPIPE_SZ", .notPermitted):
      "Without CAP_SYS_RESOURCE a pipe holds at most what /proc/sys/fs/pipe-max-size says, and all pipes of a user "
        + "together what pipe-user-pages-soft allows."
    case ("fcntl F_SETPIPE_SZ", .resourceBusy): "The pipe holds more bytes than that: read them first."
    case (_, .tooManyOpenFiles): "The process has as many descriptors as RLIMIT_NOFILE allows."
    case (_, .tooManyOpenFilesInSystem): "The system is out of files (/proc/sys/fs/file-max), or the user out of pipes."
    default: nil
    }
  }
}
