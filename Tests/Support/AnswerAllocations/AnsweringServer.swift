import ClusterZone
import DNSServer
import DNSWire
import NetworkTypes

/// A responder with its zone, as a thread of the server has it.
struct AnsweringServer: ~Copyable {
    private var responder = Responder(options: ResponderOptions(), statistics: ServerStatistics(), seed: 1)
    private let zone: ClusterZone
    private let client = IPAddress(v4: 0x7F00_0001)
    private(set) var readSum: UInt64 = 0
    /// Bytes an answer has room for.
    static let room = 1232

    init() {
        var tree = ZoneTree(settings: TestZone.settings, readiness: .synced)
        tree.apply(TestZone.change)
        zone = tree.zone
    }

    /// Answers the questions in turn, with `beside` done at each.
    @inline(never) mutating func answer(_ questions: QuestionList, count: Int, into room: inout [UInt8], beside: () -> Void) {
        var span = room.mutableSpan
        // SAFETY: bytes take any value, and the span ends with this call.
        var response = unsafe span.mutableBytes
        // Borrowed once: what an array costs is not what an answer costs.
        // SAFETY: as above.
        let (requests, ends) = unsafe (questions.bytes.span.bytes, questions.ends.span)
        var (index, start) = (0, 0)
        var hashes = InlineArray<32, UInt64>(repeating: 0)
        for number in 0..<count {
            let request = requests.extracting(start..<ends[index])
            _ = responder.respond(to: request, transport: .udp, client: client, zone: zone, into: &response)
            // As a thread of the server does it for a batch, here behind it.
            hashes[number % hashes.count] = responder.nameHash(request) ?? 0
            if number % hashes.count == hashes.count - 1 { readSum &+= zone.readAhead(hashes.span) }
            beside()
            (index, start) = index + 1 == ends.count ? (0, 0) : (index + 1, ends[index])
        }
    }

    /// - Throws: when the answer is not of the kind the question is there for.
    mutating func check(_ question: TestQuestion, into room: inout [UInt8]) throws {
        var span = room.mutableSpan
        // SAFETY: as above.
        var response = unsafe span.mutableBytes
        let reply = unsafe responder.respond(
            to: question.bytes.span.bytes, transport: .udp, client: client, zone: zone, into: &response)
        guard case .send(let count) = reply else { throw CountingError(description: "\(question.text) is not answered") }
        let message = try Message(decoding: room.span.extracting(0..<count))
        let found = [Int(message.responseCode.rawValue), message.answers.count, message.additionals.count]
        guard found == question.expected else {
            throw CountingError(description: "\(question.text): \(found) in place of \(question.expected)")
        }
    }
}
