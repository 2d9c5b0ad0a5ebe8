import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite("Descriptors")
struct DescriptorTests {
    @Test("a pipe's reader sees the end when the writer's owner is gone, and not while a duplicate lives")
    func closesOnDeinit() throws {
        var pipe = try Pipe()
        try pipe.reader.setNonblocking()
        let raw = fcntl(pipe.writer, F_DUPFD_CLOEXEC, 0)
        let duplicate = FileDescriptor(owning: raw)
        try pipe.write([1, 2])
        pipe.closeWriter()
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try pipe.reader.read(into: &buffer) == 2)
        #expect(try pipe.reader.read(into: &buffer) == nil)
        _ = consume duplicate
        // Another test may be starting a process, which holds every descriptor until it executes.
        let epoll = try Epoll()
        try epoll.add(pipe.reader.rawValue, .readable, token: 0)
        #expect(try epoll.wait(timeout: .seconds(10)).count == 1)
        #expect(try pipe.reader.read(into: &buffer) == 0)
        #expect(throws: Errno.brokenPipe) { try pipe.write([1]) }
    }

    @Test("a released descriptor stays open")
    func release() throws {
        let raw = try FileDescriptor(opening: "/dev/null").release()
        let owner = FileDescriptor(owning: raw)
        let again = try owner.duplicate()
        #expect(again.rawValue != raw)
    }

    @Test("what the kernel refuses is thrown as it is")
    func refusal() throws {
        #expect(throws: Errno.noEntry) { _ = try FileDescriptor(opening: "/nowhere/at/all") }
        #expect(Errno.noEntry.description == "No such file or directory")
        let error = #expect(throws: SystemError.self) {
            _ = try attempting("open the door") { () throws(Errno) in try FileDescriptor(opening: "/nowhere") }
        }
        #expect(error?.description == "cannot open the door: No such file or directory")
    }

    @Test("an interrupted call is made again")
    func interrupted() throws {
        var calls = 0
        let result: Int32 = try syscall("test") {
            calls += 1
            errno = EINTR
            return calls < 4 ? -1 : 7
        }
        #expect(result == 7)
        #expect(calls == 4)
        let nothing: Int32? = try syscallUnlessBlocking("test") {
            errno = EAGAIN
            return -1
        }
        #expect(nothing == nil)
    }

    @Test("our own mistakes trap", arguments: [EBADF, EFAULT])
    func trap(_ code: Int32) async {
        await #expect(processExitsWith: .failure) { [code] in
            try syscall("test") { () -> Int32 in
                errno = code
                return -1
            }
        }
    }

    @Test("epoll reports what happened under the token it was given, and nothing when time is up")
    func epoll() throws {
        let epoll = try Epoll()
        let wake = try WakeDescriptor()
        try epoll.add(wake.rawValue, .readable, token: 42)
        #expect(try epoll.wait(timeout: .milliseconds(1)).isEmpty)
        wake.signal()
        wake.signal()
        #expect(try epoll.wait().map(\.token) == [42])
        wake.clear()
        #expect(try epoll.wait(timeout: .zero).isEmpty)
        try epoll.remove(wake.rawValue)
        #expect(throws: Errno.noEntry) { try epoll.remove(wake.rawValue) }
    }

    @Test("socket addresses", arguments: [
        ("1.2.3.4:80", "1.2.3.4:80"), ("[2001:db8::1]:0", "[2001:db8::1]:0"), ("[::]:65535", "[::]:65535"),
        ("2001:db8::1:80", nil), ("[1.2.3.4]:80", nil), ("1.2.3.4", nil), ("1.2.3.4:65536", nil), ("1.2.3.4:", nil), ("", nil),
    ])
    func socketAddress(_ text: String, _ expected: String?) {
        #expect(SocketAddress(text)?.description == expected)
    }

    @Test("resident memory is read in bytes")
    func memory() throws {
        let memory = try ResidentMemory()
        #expect(memory.currentBytes > 1 << 20)
        #expect(memory.peakBytes >= memory.currentBytes)
        #expect(throws: Errno.noEntry) { _ = try ResidentMemory(ofProcess: Int32.max) }
    }

    @Test("what is given back comes again when it is used, on every thread")
    func release() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await DedicatedThread.run(named: "release") {
                        (0..<20).reduce(0) { sum, number in
                            ResidentMemory.release()
                            return sum + String(number).count
                        }
                    }
                }
            }
            for try await sum in group { #expect(sum == 30) }
        }
    }
}

@Suite("Threads and processes")
struct ThreadAndProcessTests {
    @Test("a dedicated thread returns what its work returns or throws, under its name")
    func threads() async throws {
        #expect(try await DedicatedThread.run(named: "a-name-far-too-long") {
            try String(decoding: FileDescriptor(opening: "/proc/thread-self/comm").readAll(), as: UTF8.self)
        } == "a-name-far-too-\n")
        #expect(try DedicatedThread.runBlocking(named: "sum") { 1 + 1 } == 2)
        await #expect(throws: Errno.exists) {
            try await DedicatedThread.run(named: "throws") { throw Errno.exists }
        }
    }

    @Test("output, input and exit status of a program are collected")
    func collect() throws {
        let shell = ProcessRequest(path: "/bin/sh", arguments: ["-c", "cat; echo oops >&2; exit 3"])
        let output = try shell.collectOutput(input: Array("in".utf8))
        #expect(output.standardOutput == "in")
        #expect(output.standardError == "oops\n")
        #expect(output.status == .exited(3))
        let chatty = ProcessRequest(path: "/bin/sh", arguments: ["-c", "head -c 1000000 /dev/zero; printf %s \"$KEY\" >&2"], environment: ["KEY=a b"])
        #expect(try chatty.collectOutput().standardOutput.utf8.count == 1_000_000)
        #expect(try chatty.collectOutput().standardError == "a b")
    }

    @Test("a program that takes too long is killed")
    func timeout() throws {
        let output = try ProcessRequest(path: "/bin/sleep", arguments: ["1000"]).collectOutput(timeout: .milliseconds(20))
        #expect(output.isTimedOut)
        #expect(output.status == .signalled(SIGKILL))
    }

    @Test("a program that cannot be run is an error that names it")
    func missing() {
        let error = #expect(throws: SystemError.self) { try ProcessRequest(path: "/bin/nothing").collectOutput() }
        #expect(error?.description == "cannot run /bin/nothing: No such file or directory")
    }

    @Test("no descriptor but the three is passed on")
    func descriptors() throws {
        let leaked = try FileDescriptor(opening: "/dev/null")
        // Unlike all that FileDescriptor opens, this one would survive an exec.
        #expect(fcntl(leaked.rawValue, F_SETFD, 0) == 0)
        let output = try ProcessRequest(path: "/bin/ls", arguments: ["/proc/self/fd"]).collectOutput()
        // ls itself opens one more to list them.
        #expect(output.standardOutput.split(separator: "\n") == ["0", "1", "2", "3"])
    }

    @Test("a new namespace is empty, and its thread leaves the others where they are", .enabled(if: Requirement.root, "needs root: makes a network namespace"))
    func namespaces() throws {
        let namespace = try NetworkNamespace.make()
        let before = try readDevices()
        let inside = try namespace.insideBlocking { try readDevices() }
        #expect(inside.count == 1 && inside[0].hasPrefix("lo:"))
        #expect(try readDevices() == before)
    }
}

private func readDevices() throws -> [String] {
    let text = String(decoding: try FileDescriptor(opening: "/proc/thread-self/net/dev").readAll(), as: UTF8.self)
    return text.split(separator: "\n").dropFirst(2).map { line in String(line.drop { $0 == " " }.prefix { $0 != ":" }) + ":" }
}
