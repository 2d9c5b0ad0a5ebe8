internal import FoundationEssentials

/// A page of a list.
struct ListPage: Sendable {
    var objects: [StoredObject]
    var version: UInt64
    var continueToken = ""
    /// Of the objects after this page; nil where a selector makes it a guess.
    var remaining: Int?
}

extension Cluster {
    /// - Throws: ``APIFailure``.
    func list(_ request: APIRequest) throws -> ListPage {
        let filter = try ObjectFilter(request)
        let query = request.query
        guard let limit = Int(query["limit"] ?? "0"), limit >= 0 else {
            throw APIFailure.badRequest("limit: Invalid value: \"\(query["limit"] ?? "")\"")
        }
        if query["sendInitialEvents"] != nil {
            throw Self.invalidListOptions("sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list")
        }
        let start = try listStart(request, limit: limit)
        // Objects of a namespace stand together.
        let first = start.key.isEmpty && !request.namespace.isEmpty ? "\(request.namespace)/" : start.key
        guard let objects = table(request.type).objects(at: start.version, from: first) else {
            throw Self.expired(start.key)
        }
        return page(of: objects, filter, limit: limit, version: start.version)
    }

    private static func expired(_ key: String) -> APIFailure {
        if key.isEmpty { return .expired("The resourceVersion for the provided list is too old.") }
        var failure = APIFailure.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
        )
        failure.continueToken = token(version: -1, key: key)
        return failure
    }

    private func page(
        of objects: TableSnapshot, _ filter: ObjectFilter, limit: Int, version: UInt64
    ) -> ListPage {
        if filter.isEverything, limit == 0 || objects.count <= limit { return ListPage(objects: Array(objects), version: version) }
        var result = ListPage(objects: [], version: version)
        var place = 0
        var iterator = objects.makeIterator()
        while let object = iterator.next() {
            defer { place += 1 }
            guard filter.matches(object) else {
                if filter.isPast(object) { break }
                continue
            }
            if limit > 0, result.objects.count == limit {
                result.continueToken = Self.token(version: Int64(version), key: object.key)
                result.remaining = filter.isEverything ? objects.count - place : remaining(iterator, filter)
                break
            }
            result.objects.append(object)
        }
        return result
    }

    /// Those of a namespace after a page: the first was read already.
    private func remaining(_ iterator: TableSnapshot.Iterator, _ filter: ObjectFilter) -> Int? {
        if filter.isSelective { return nil }
        var iterator = iterator
        var count = 1
        while let object = iterator.next(), filter.matches(object) { count += 1 }
        return count
    }

    /// At which version, and from which key on.
    private func listStart(_ request: APIRequest, limit: Int) throws -> (version: UInt64, key: String) {
        let query = request.query
        let (text, match) = (query["resourceVersion"] ?? "", query["resourceVersionMatch"] ?? "")
        if let token = query["continue"], !token.isEmpty {
            guard text.isEmpty || text == "0" else {
                throw APIFailure.badRequest("specifying resource version is not allowed when using continue")
            }
            guard let start = Self.start(token) else { throw APIFailure.badRequest("continue key is not valid") }
            // -1: at whatever version there is.
            return (start.version < 0 ? version : UInt64(start.version), start.key)
        }
        if !match.isEmpty, text.isEmpty {
            throw Self.invalidListOptions(
                "resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        let asked = try Self.version(text)
        if asked > version { throw APIFailure.tooLarge(asked, current: version) }
        let isExact = match == "Exact" || match.isEmpty && limit > 0 && asked > 0
        if match == "Exact", asked == 0 {
            throw Self.invalidListOptions(
                "resourceVersionMatch", "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
        }
        return (isExact ? asked : version, "")
    }

    static func version(_ text: String) throws -> UInt64 {
        if text.isEmpty { return 0 }
        guard let version = UInt64(text) else {
            throw APIFailure(
                code: 500, reason: "",
                message: "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return version
    }

    static func invalidListOptions(_ field: String, _ message: String) -> APIFailure {
        APIFailure(
            code: 422, reason: "Invalid", message: "ListOptions.meta.k8s.io \"\" is invalid: \(field): \(message)",
            details: [
                "group": "meta.k8s.io", "kind": "ListOptions",
                "causes": [
                    ["reason": .string(FieldFault(field, message).reason), "message": .string(message), "field": .string(field)]
                ],
            ])
    }

    private static func token(version: Int64, key: String) -> String {
        let value: JSON = ["v": "meta.k8s.io/v1", "rv": .integer(version), "start": .string(key)]
        return Data(value.bytes).base64EncodedString().filter { $0 != "=" }
            .map { $0 == "+" ? "-" : $0 == "/" ? "_" : String($0) }.joined()
    }

    private static func start(_ token: String) -> (version: Int64, key: String)? {
        let standard = token.map { $0 == "-" ? "+" : $0 == "_" ? "/" : String($0) }.joined()
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard + padding), let value = try? JSON(parsing: Array(data)),
            let version = value["rv"]?.integer, let key = value["start"]?.string
        else { return nil }
        return (version, key)
    }
}
