import Glibc
import LinuxSystem
import NetworkTypes
import Relay

/// A relay in a process of its own, so that tests can count its descriptors and limit them.
///
///     relay-process LISTEN WORKERS CONNECTIONS DESCRIPTORS BACKEND...
///
/// The limits are 0 where there is none. Prints `at ADDRESS:PORT` once it serves, then `open N`, `paused REASON N`,
/// `refused REASON N` and `ended REASON N` whenever one of them has changed; before `open 0` memory that was freed is given
/// back. Ends with SIGTERM.
///
///     relay-process clients ADDRESS COUNT
///
/// See `Crowd`.
///
///     relay-process echo LISTEN
///
/// See `Echo`.
@main
struct RelayProcess {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "clients" { return try Crowd.run(words.dropFirst()) }
        if words.first == "echo" { return try Echo.run(words.dropFirst()) }
        let numbers = words.dropFirst().prefix(3).compactMap { Int($0) }
        guard numbers.count == 3, let address = words.first.flatMap({ SocketAddress($0) }) else {
            throw UsageError(description: "relay-process LISTEN WORKERS CONNECTIONS DESCRIPTORS BACKEND...")
        }
        if numbers[2] > 0 { try limitDescriptors(numbers[2]) }
        let service = RelayService(name: "test/process")
        var content = RelayService.Content()
        content.cluster = words.dropFirst(4).compactMap { SocketAddress($0) }.map { RelayService.Member($0) }
        _ = service.update(content)
        var configuration = RelayConfiguration()
        configuration.workers = numbers[0]
        if numbers[1] > 0 { configuration.connectionLimit = numbers[1] }
        let engine = try RelayEngine(configuration, directory: OneService(service: service))
        let listener = RelayListener(.tcp, at: address)
        if let error = engine.listen([listener])[listener] { throw error }
        guard let bound = engine.address(of: listener) else { return }
        say("at \(bound)")
        try report(engine)
    }

    private static func report(_ engine: RelayEngine) throws {
        let signals = try SignalDescriptor([SIGTERM])
        let epoll = try Epoll()
        try epoll.add(signals.rawValue, .readable, token: 0)
        var said: Set<String> = []
        while try epoll.wait(timeout: .milliseconds(20)).isEmpty {
            let statistics = engine.statistics
            let open = engine.connectionCount
            if open == 0, !said.contains("open 0") { ResidentMemory.release() }
            var lines: Set<String> = ["open \(open)"]
            for (reason, count) in statistics.pauses { lines.insert("paused \(reason.rawValue) \(count)") }
            for (reason, count) in statistics.refusals { lines.insert("refused \(reason.rawValue) \(count)") }
            for (reason, count) in statistics.ends { lines.insert("ended \(reason.rawValue) \(count)") }
            for line in lines.subtracting(said).sorted() { say(line) }
            said = lines
        }
        engine.finish(within: .zero)
        engine.waitUntilFinished()
    }

    private static func limitDescriptors(_ count: Int) throws {
        var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(count))
        // SAFETY: the call reads one rlimit, which lives for the call.
        try syscall("setrlimit") { unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
    }
}

func say(_ line: String) {
    print(line)
    fflush(nil)
}

final class OneService: RelayDirectory {
    private let service: RelayService

    init(service: RelayService) { self.service = service }

    func answer(_ request: RelayRequest) -> RelayAnswer { .relay(service, .cluster) }
}

struct UsageError: Error, CustomStringConvertible {
    let description: String
}
