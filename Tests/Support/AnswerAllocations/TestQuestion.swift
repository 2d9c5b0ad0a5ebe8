import DNSWire

/// A question that the zone answers by itself.
struct TestQuestion {
    let text: String
    let bytes: [UInt8]
    /// Response code, records in Answer, records in Additional.
    let expected: [Int]

    init(
        _ name: String, _ type: RecordType, edns: Bool = true, code: ResponseCode = .noError, answers: Int = 0,
        additionals: Int = 0
    ) throws {
        guard let question = DomainName(name) else { throw CountingError(description: "\(name) is no name") }
        text = "\(name) \(type)"
        let query = Message(
            id: 7, flags: .recursionDesired, questions: [Question(name: question, type: type)],
            edns: edns ? EDNS(payloadSize: 1232, version: 0, dnssecOK: false, options: []) : nil)
        bytes = query.encoded()
        expected = [Int(code.rawValue), answers, additionals]
    }

    /// What one sees in a cluster, and every way through the zone.
    static var all: [TestQuestion] {
        get throws {
            try [
                TestQuestion("api.default.svc.cluster.local", .a, answers: 1),
                TestQuestion("API.default.SVC.cluster.local", .a, edns: false, answers: 1),
                TestQuestion("api.default.svc.cluster.local", .aaaa, answers: 1),
                TestQuestion("web.default.svc.cluster.local", .a, answers: 40),
                TestQuestion("web.default.svc.cluster.local", .a, edns: false, answers: 29),
                TestQuestion("_http._tcp.db.default.svc.cluster.local", .srv, answers: 3, additionals: 3),
                TestQuestion("alias.default.svc.cluster.local", .a, answers: 2),
                TestQuestion("1.0.96.10.in-addr.arpa", .ptr, answers: 1),
                TestQuestion("9.9.96.10.in-addr.arpa", .ptr, code: .nameError),
                TestQuestion("10-1-2-3.default.pod.cluster.local", .a, answers: 1),
                TestQuestion("api.default.svc.cluster.local", .mx),
                TestQuestion("_tcp.db.default.svc.cluster.local", .a),
                TestQuestion("api.default.svc.cluster.local.default.svc.cluster.local", .a, code: .nameError),
                TestQuestion("cluster.local", .soa, answers: 1),
                TestQuestion("www.example.com", .a, code: .refused),
            ]
        }
    }
}

/// Questions as bytes, one behind the other.
struct QuestionList {
    private(set) var bytes: [UInt8] = []
    /// Where each ends.
    private(set) var ends: [Int] = []

    init(_ questions: [TestQuestion]) {
        for question in questions {
            bytes += question.bytes
            ends.append(bytes.count)
        }
    }
}
