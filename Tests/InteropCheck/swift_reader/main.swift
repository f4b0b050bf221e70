import Glibc

let path = CommandLine.arguments[1]
guard dup2(open(path, O_RDONLY), 0) == 0, let line = readLine() else {
  perror(path)
  exit(1)
}
print(line)
exit(unlink(path) == 0 ? 0 : 1)
