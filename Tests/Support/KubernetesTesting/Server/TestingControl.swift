/// What tests of other processes ask of the server: `POST /testing/...`, with a JSON object as body.
enum TestingControl {
    /// Nil: no path of its own.
    ///
    /// - Throws: ``APIFailure``.
    static func answer(_ incoming: IncomingRequest, _ state: ServerState) throws -> Answer? {
        guard state.settings.hasControl, incoming.path.hasPrefix("/testing/") else { return nil }
        let body = incoming.body.isEmpty ? JSON.emptyObject : try JSON(parsing: incoming.body)
        switch incoming.path.dropFirst("/testing/".count) {
        case "objects": try put(body, state)
        case "changes": try ChangeDriver(body, state).start()
        case "faults": _ = state.addFault(try FaultRule(body))
        case "faults/clear": state.removeFaults()
        case "watches": try disturb(body, state)
        case "compact": state.write { $0.compact() }
        case "hold": state.hold(Set((body["resources"]?.array ?? []).compactMap(\.string)))
        case "release": state.release()
        case "status": break
        default: throw APIFailure.noSuchPath
        }
        return APIService.answer([
            "resourceVersion": .string(String(state.read { $0.version })), "requests": .integer(Int64(state.requestCount)),
            "watches": .integer(Int64(state.watches(of: nil).count)), "faults": .integer(Int64(state.faultHits)),
        ])
    }

    /// An object or a List of them, as they are.
    private static func put(_ body: JSON, _ state: ServerState) throws {
        for tree in body["items"]?.array ?? [body] {
            let (kind, version) = (tree["kind"]?.string, tree["apiVersion"]?.string)
            guard let type = ResourceType.all.first(where: { $0.kind == kind && $0.apiVersion == version }) else {
                throw APIFailure.badRequest("no kind \(kind ?? "") of \(version ?? "")")
            }
            _ = try state.write { try $0.put(tree, type) }
        }
    }

    private static func disturb(_ body: JSON, _ state: ServerState) throws {
        let rule = try FaultRule(body)
        for watch in state.watches(of: rule.plural) { watch.disturb(rule.fault) }
    }
}

extension FaultRule {
    /// `{"fault": "end", "ending": "midChunk", "afterEvents": 3, "verbs": ["watch"], "resource": "services", "count": 2}`.
    ///
    /// - Throws: ``APIFailure`` 400.
    init(_ body: JSON) throws {
        let number = { (key: String, fallback: Int64) in Int(body[key]?.integer ?? fallback) }
        let fault: Fault
        switch body["fault"]?.string ?? "" {
        case "noAnswer": fault = .noAnswer
        case "end":
            let endings: [String: Fault.Ending] = [
                "clean": .clean, "midObject": .midObject, "midObjectAbruptly": .midObjectAbruptly, "midChunk": .midChunk,
            ]
            fault = .end(endings[body["ending"]?.string ?? ""] ?? .clean, afterEvents: number("afterEvents", 0))
        case "stall": fault = .stall(afterEvents: number("afterEvents", 0))
        case "slow":
            fault = .slow(bytes: max(1, number("bytes", 64)), every: .milliseconds(number("milliseconds", 100)))
        case "duplicates": fault = .duplicates
        case "delay": fault = .delay(.milliseconds(number("milliseconds", 1000)))
        case "tooManyRequests": fault = .tooManyRequests(retryAfterSeconds: number("retryAfterSeconds", 1))
        case "internalError": fault = .internalError
        case "expired": fault = .expired
        default: throw APIFailure.badRequest("unknown fault: \(body["fault"] ?? .null)")
        }
        let verbs = (body["verbs"]?.array ?? []).compactMap { $0.string.flatMap { APIRequest.Verb(rawValue: $0) } }
        let count = body["count"]?.integer.map { Int($0) } ?? 1
        self.init(
            fault, verbs: Set(verbs), of: body["resource"]?.string, name: body["name"]?.string, skip: number("skip", 0),
            count: count == 0 ? nil : count)
    }
}
