internal import KubernetesModel
internal import NIOCore

/// A request as it came over a connection.
struct IncomingRequest: Sendable {
    var method: String
    var path: String
    var query: [String: String]
    var accept: String
    var contentType: String
    var token: String?
    /// Of the client's certificate.
    var certificateUser: String?
    var userAgent: String
    var body: [UInt8]
}

/// What is to be written.
enum Answer: Sendable {
    case whole(Int, contentType: String, headers: [(String, String)] = [], [UInt8])
    case watch(WatchPlan)
}

/// Requests to answers.
struct APIService: Sendable {
    let state: ServerState

    func answer(_ incoming: IncomingRequest) -> (answer: Answer, faults: [Fault]) {
        do {
            let user = try user(of: incoming)
            if let answer = try TestingControl.answer(incoming, state) { return (answer, []) }
            guard let request = try APIRequest(method: incoming.method, path: incoming.path, query: incoming.query) else {
                return (try document(incoming), [])
            }
            state.record(record(request, incoming, user: user))
            if let authorize = state.settings.authorize, !authorize(user, request) { throw Self.forbidden(user, request) }
            let faults = state.faults(of: request)
            for case .failure(let failure) in faults { return (answer(failure, incoming), faults) }
            do {
                return (try answer(request, incoming), faults)
            } catch let failure as APIFailure {
                return (answer(failure, incoming), faults)
            }
        } catch let failure as APIFailure {
            return (answer(failure, incoming), [])
        } catch {
            return (answer(APIFailure.badRequest("\(error)"), incoming), [])
        }
    }

    func answer(_ failure: APIFailure, _ incoming: IncomingRequest) -> Answer {
        status(failure.status, code: failure.code, retryAfterSeconds: failure.retryAfterSeconds, incoming)
    }

    /// A Status comes in the format that was asked for, whether or not the resource has it.
    private func status(
        _ status: JSON, code: Int, retryAfterSeconds: Int? = nil, _ incoming: IncomingRequest
    ) -> Answer {
        let headers = retryAfterSeconds.map { [("Retry-After", String($0))] } ?? []
        let format = ResponseFormat.protobuf
        if state.settings.hasProtobuf, code != 406, incoming.accept.hasPrefix(format.contentType) {
            let message = ProtobufSchema.encode(status, kind: "Status") ?? []
            let bytes = ProtobufEnvelope.wrap("v1", "Status", message)
            return .whole(code, contentType: format.contentType, headers: headers, bytes)
        }
        return .whole(code, contentType: "application/json", headers: headers, status.bytes)
    }

    static func answer(_ value: JSON, code: Int = 200) -> Answer { .whole(code, contentType: "application/json", value.bytes) }

    // MARK: Who

    private func user(of incoming: IncomingRequest) throws -> String {
        if let token = incoming.token {
            if let user = state.settings.tokens[token] { return user }
            if state.settings.requiresAuthentication || !state.settings.tokens.isEmpty {
                throw APIFailure(code: 401, reason: "Unauthorized", message: "Unauthorized")
            }
        }
        if let user = incoming.certificateUser { return user }
        if state.settings.requiresAuthentication { throw APIFailure(code: 401, reason: "Unauthorized", message: "Unauthorized") }
        return "system:anonymous"
    }

    private static func forbidden(_ user: String, _ request: APIRequest) -> APIFailure {
        let type = request.type
        let scope = request.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(request.namespace)\""
        let name = request.name.isEmpty ? "" : " \"\(request.name)\""
        var details: JSON = ["kind": .string(type.plural)]
        if !request.name.isEmpty { details["name"] = .string(request.name) }
        if !type.group.isEmpty { details["group"] = .string(type.group) }
        return APIFailure(
            code: 403, reason: "Forbidden",
            message: "\(type)\(name) is forbidden: User \"\(user)\" cannot \(request.verb.rawValue) resource \"\(type.plural)\" in API group \"\(type.group)\" \(scope)",
            details: details)
    }

    private func record(_ request: APIRequest, _ incoming: IncomingRequest, user: String) -> RequestRecord {
        RequestRecord(
            verb: request.verb, plural: request.type.plural, namespace: request.namespace, name: request.name,
            query: request.query, accept: incoming.accept, contentType: incoming.contentType, user: user,
            userAgent: incoming.userAgent, body: incoming.body)
    }

    // MARK: What

    private func document(_ incoming: IncomingRequest) throws -> Answer {
        let notFound = Answer.whole(404, contentType: "text/plain; charset=utf-8", Array("404 page not found\n".utf8))
        guard incoming.method == "GET" else { return notFound }
        if ["/healthz", "/readyz", "/livez"].contains(incoming.path) {
            return .whole(200, contentType: "text/plain; charset=utf-8", Array("ok".utf8))
        }
        guard let document = Discovery.document(incoming.path) else { return notFound }
        return Self.answer(document)
    }

    private func answer(_ request: APIRequest, _ incoming: IncomingRequest) throws -> Answer {
        let format = try ResponseFormat(accept: incoming.accept, request.type, hasProtobuf: state.settings.hasProtobuf)
        let encoding = ObjectEncoding(type: request.type, format: format)
        func answer(_ result: (object: StoredObject, isNew: Bool)) -> Answer {
            .whole(result.isNew ? 201 : 200, contentType: format.contentType, encoding.object(result.object))
        }
        switch request.verb {
        case .get: return answer((try state.read { try $0.get(request.type, request.namespace, request.name) }, false))
        case .list:
            let page = try state.read { try $0.list(request) }
            return .whole(200, contentType: format.contentType, encoding.list(page))
        case .watch: return .watch(try state.read { try WatchPlan(request, $0, format) })
        case .create:
            let tree = try body(incoming, request.type)
            return answer(
                (try state.write(isDryRun: request.isDryRun) { try $0.create(tree, request.type, namespace: request.namespace) }, true))
        case .update:
            let tree = try body(incoming, request.type)
            return answer(
                try state.write(isDryRun: request.isDryRun) {
                    try $0.update(tree, request.type, request.namespace, request.name, part: request.part)
                })
        case .patch: return answer(try patch(request, incoming))
        case .delete: return try delete(request, incoming, encoding)
        case .deleteCollection: return try deleteCollection(request, incoming)
        }
    }

    private func body(_ incoming: IncomingRequest, _ type: ResourceType) throws -> JSON {
        switch Self.mediaType(incoming.contentType) {
        case "application/vnd.kubernetes.protobuf" where state.settings.hasProtobuf:
            return try ProtobufSchema.read(envelope: incoming.body, type)
        case "", "application/json": return try json(incoming.body)
        default: throw Self.unsupported("application/json, application/vnd.kubernetes.protobuf")
        }
    }

    private static func mediaType(_ text: String) -> String { text.split(separator: ";").first.map { String($0) } ?? "" }

    private static func unsupported(_ accepted: String) -> APIFailure {
        APIFailure(
            code: 415, reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: \(accepted)")
    }

    private func json(_ bytes: [UInt8]) throws -> JSON {
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw APIFailure.badRequest("couldn't get version/kind; json parse error: \(error)")
        }
    }

    private func patch(_ request: APIRequest, _ incoming: IncomingRequest) throws -> (object: StoredObject, isNew: Bool) {
        guard let kind = APIRequest.PatchKind(rawValue: Self.mediaType(incoming.contentType)) else {
            throw Self.unsupported(
                "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml")
        }
        let patch = try json(incoming.body)
        return try state.write(isDryRun: request.isDryRun) {
            try $0.patch(patch, kind, request.type, request.namespace, request.name, part: request.part)
        }
    }

    private func options(_ request: APIRequest, _ incoming: IncomingRequest) throws -> Cluster.Deletion {
        let body = incoming.body.isEmpty ? nil : try body(incoming, request.type)
        return Cluster.Deletion(body, request.query)
    }

    private func delete(_ request: APIRequest, _ incoming: IncomingRequest, _ encoding: ObjectEncoding) throws -> Answer {
        let options = try options(request, incoming)
        let (object, isGone) = try state.write(isDryRun: options.isDryRun) {
            try $0.delete(request.type, request.namespace, request.name, options)
        }
        if !isGone || request.type.traits.contains(.deletionAnswersObject) {
            return .whole(200, contentType: encoding.format.contentType, encoding.object(object))
        }
        var details: JSON = ["name": .string(object.name)]
        if !request.type.group.isEmpty { details["group"] = .string(request.type.group) }
        details["kind"] = .string(request.type.plural)
        details["uid"] = .string(object.uid)
        return status(
            ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details], code: 200, incoming)
    }

    private func deleteCollection(_ request: APIRequest, _ incoming: IncomingRequest) throws -> Answer {
        let options = try options(request, incoming)
        let page = try state.write(isDryRun: options.isDryRun) { cluster in
            let page = try cluster.list(request)
            for object in page.objects { _ = try cluster.delete(request.type, object.namespace, object.name, options) }
            return page
        }
        return .whole(200, contentType: "application/json", ObjectEncoding(type: request.type, format: .json).list(page))
    }
}

extension APIRequest {
    var part: Cluster.Part { subresource == "status" ? .status : .object }
}
