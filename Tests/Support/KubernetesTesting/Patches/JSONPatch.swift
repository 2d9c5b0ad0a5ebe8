/// RFC 6902.
enum JSONPatch {
    /// - Throws: ``APIFailure``: 400 for what is no patch, 422 for one that does not apply.
    static func apply(_ patch: JSON, to target: JSON) throws -> JSON {
        guard case .array(let operations) = patch else {
            throw APIFailure.badRequest("error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")
        }
        return try operations.reduce(target) { try apply(operation: $1, to: $0) }
    }

    private static func apply(operation: JSON, to target: JSON) throws -> JSON {
        guard let name = operation["op"]?.string, let path = pointer(operation["path"]) else {
            throw APIFailure.badRequest("a JSON patch operation needs op and path")
        }
        var result = target
        switch name {
        case "add": try add(operation["value"] ?? .null, at: path[...], to: &result)
        case "remove": try remove(at: path[...], of: &result)
        case "replace":
            try remove(at: path[...], of: &result)
            try add(operation["value"] ?? .null, at: path[...], to: &result)
        case "copy", "move":
            guard let from = pointer(operation["from"]) else {
                throw APIFailure.badRequest("a JSON patch operation \(name) needs from")
            }
            let value = try read(from[...], result)
            if name == "move" { try remove(at: from[...], of: &result) }
            try add(value, at: path[...], to: &result)
        case "test":
            let value = try read(path[...], result)
            if value != operation["value"] ?? .null { throw cannotApply("testing path /\(path.joined(separator: "/")) failed") }
        default: throw APIFailure.badRequest("unknown JSON patch operation \"\(name)\"")
        }
        return result
    }

    private static func cannotApply(_ why: String) -> APIFailure {
        APIFailure(code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request: \(why)")
    }

    /// RFC 6901.
    private static func pointer(_ text: JSON?) -> [String]? {
        guard let text = text?.string else { return nil }
        if text.isEmpty { return [] }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            var unescaped = ""
            var rest = part[...]
            while let character = rest.popFirst() {
                if character == "~", let next = rest.popFirst() {
                    unescaped.append(next == "1" ? "/" : next == "0" ? "~" : next)
                } else {
                    unescaped.append(character)
                }
            }
            return unescaped
        }
    }

    private static func read(_ path: ArraySlice<String>, _ value: JSON) throws -> JSON {
        guard let key = path.first else { return value }
        if case .array(let elements) = value {
            guard let index = Int(key), elements.indices.contains(index) else { throw cannotApply("no element \(key)") }
            return try read(path.dropFirst(), elements[index])
        }
        guard let member = value[key] else { throw cannotApply("no member \(key)") }
        return try read(path.dropFirst(), member)
    }

    private static func add(_ new: JSON, at path: ArraySlice<String>, to value: inout JSON) throws {
        guard let key = path.first else {
            value = new
            return
        }
        let isLast = path.count == 1
        switch value {
        case .array(var elements):
            if isLast {
                guard let index = key == "-" ? elements.count : Int(key), (0...elements.count).contains(index) else {
                    throw cannotApply("no place \(key)")
                }
                elements.insert(new, at: index)
            } else {
                guard let index = Int(key), elements.indices.contains(index) else { throw cannotApply("no element \(key)") }
                try add(new, at: path.dropFirst(), to: &elements[index])
            }
            value = .array(elements)
        case .object(var members):
            if isLast {
                members[key] = new
            } else {
                guard var member = members[key] else { throw cannotApply("no member \(key)") }
                try add(new, at: path.dropFirst(), to: &member)
                members[key] = member
            }
            value = .object(members)
        default: throw cannotApply("neither object nor array above \(key)")
        }
    }

    private static func remove(at path: ArraySlice<String>, of value: inout JSON) throws {
        guard let key = path.first else {
            value = .null
            return
        }
        switch value {
        case .array(var elements):
            guard let index = Int(key), elements.indices.contains(index) else { throw cannotApply("no element \(key)") }
            if path.count == 1 { elements.remove(at: index) } else { try remove(at: path.dropFirst(), of: &elements[index]) }
            value = .array(elements)
        case .object(var members):
            guard var member = members[key] else { throw cannotApply("no member \(key)") }
            if path.count == 1 {
                members[key] = nil
            } else {
                try remove(at: path.dropFirst(), of: &member)
                members[key] = member
            }
            value = .object(members)
        default: throw cannotApply("neither object nor array above \(key)")
        }
    }
}
