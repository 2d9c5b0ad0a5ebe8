/// What goes wrong with an answer.
package enum Fault: Sendable, Hashable {
    /// How an answer ends before its time.
    package enum Ending: Sendable, Hashable {
        /// Between two events, as a server ends a watch.
        case clean
        /// After half of an event or list; the answer itself ends as it should.
        case midObject
        /// After half of an event or list, with the connection.
        case midObjectAbruptly
        /// In a chunk that is announced whole and written by half, with the connection.
        case midChunk
    }

    /// Refused.
    case failure(APIFailure)
    /// The connection is closed instead of an answer.
    case noAnswer
    /// Of a watch, after this many events; of any other answer, in its middle.
    case end(Ending, afterEvents: Int = 0)
    /// Bytes stop and the connection stays: after this many events, or in the middle of the answer.
    case stall(afterEvents: Int = 0)
    /// This many bytes at a time.
    case slow(bytes: Int, every: Duration)
    /// Every event of a watch comes twice.
    case duplicates
    /// Before the answer begins.
    case delay(Duration)

    /// 429 with `Retry-After`.
    package static func tooManyRequests(retryAfterSeconds: Int) -> Fault {
        .failure(
            APIFailure(
                code: 429, reason: "TooManyRequests",
                message: "The server has received too many requests and has asked us to try again later",
                retryAfterSeconds: retryAfterSeconds))
    }

    /// 500.
    package static let internalError = Fault.failure(
        APIFailure(code: 500, reason: "InternalError", message: "Internal error occurred: made to fail"))
    /// 410, as of a version that was compacted.
    package static let expired = Fault.failure(.expired("too old resource version: 1 (2)"))
}

/// To which requests a fault happens.
package struct FaultRule: Sendable, Hashable {
    package var fault: Fault
    /// Empty: any.
    package var verbs: Set<APIRequest.Verb>
    /// `services`; nil: any.
    package var plural: String?
    /// Of an object; nil: any.
    package var name: String?
    /// Requests that match and are spared first.
    package var skip: Int
    /// How often it happens; nil: until the rule is taken back.
    package var count: Int?

    package init(
        _ fault: Fault, verbs: Set<APIRequest.Verb> = [], of plural: String? = nil, name: String? = nil, skip: Int = 0,
        count: Int? = 1
    ) {
        self.fault = fault
        self.verbs = verbs
        self.plural = plural
        self.name = name
        self.skip = skip
        self.count = count
    }

    func matches(_ request: APIRequest) -> Bool {
        (verbs.isEmpty || verbs.contains(request.verb)) && (plural ?? request.type.plural) == request.type.plural
            && (name ?? request.name) == request.name
    }
}

/// The rules in force.
struct FaultTable: Sendable {
    private var rules: [(id: Int, rule: FaultRule)] = []
    private var nextID = 0
    /// How often a fault has happened.
    private(set) var hits = 0

    mutating func add(_ rule: FaultRule) -> Int {
        nextID += 1
        rules.append((nextID, rule))
        return nextID
    }

    mutating func remove(_ id: Int) { rules.removeAll { $0.id == id } }
    mutating func removeAll() { rules = [] }

    /// The faults of a request: of all rules that match.
    mutating func faults(of request: APIRequest) -> [Fault] {
        var faults: [Fault] = []
        for index in rules.indices where rules[index].rule.matches(request) {
            if rules[index].rule.skip > 0 {
                rules[index].rule.skip -= 1
            } else {
                faults.append(rules[index].rule.fault)
                if let count = rules[index].rule.count { rules[index].rule.count = count - 1 }
            }
        }
        rules.removeAll { $0.rule.count.map { $0 <= 0 } ?? false }
        hits += faults.count
        return faults
    }
}
