package import DNSWire
package import LinuxSystem
internal import NetworkNamespaceTesting

/// Asks with a program of others, and reads what it understood of the answer.
package struct DigTool: Sendable {
    /// `dig` of BIND or `kdig` of Knot.
    package enum Program: String, Sendable, CaseIterable {
        case dig
        case kdig
    }

    package let program: Program
    package let server: SocketAddress

    package init(_ program: Program, _ server: SocketAddress) {
        self.program = program
        self.server = server
    }

    /// - Throws: when it says that the answer is malformed, or none comes.
    package func ask(_ question: Question, over transport: DNSTransport) throws -> Message {
        guard let path = toolPath(program.rawValue) else { throw TestSupportError("no program \(program)") }
        let type = question.type == .ixfr ? "IXFR=1" : question.type.description
        let arguments = [
            "@\(server.address)", "-p", "\(server.port)", "\(question.name)", type, transport == .tcp ? "+tcp" : "+notcp",
            "+ignore", "+nocookie", "+edns=0", "+bufsize=1232", "+time=8", "+tries=1",
        ]
        let dialect = program == .dig ? ["-r"] + arguments : arguments.filter { !["+edns=0", "+tries=1"].contains($0) } + ["+edns", "+retry=0"]
        let output = try ProcessRequest(path: path, arguments: dialect.filter { program == .dig || $0 != "+nocookie" })
            .collectOutput(timeout: .seconds(20))
        guard output.status.isSuccess else { throw TestSupportError("\(program) \(question): \(output)") }
        return try DigOutput(output.standardOutput).message
    }
}
