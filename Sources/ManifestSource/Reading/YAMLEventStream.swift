private import CYaml

/// One event of libyaml, copied out of it.
struct YAMLEvent {
    enum Content {
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    var content: Content
    var anchor: String?
    var tag: String?
    var position: TextPosition
}

/// The events of a YAML stream, pulled one at a time from libyaml.
@safe struct YAMLEventStream: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// Runs `body` over the events of a text, which lives as long.
    static func withEvents(of bytes: [UInt8], _ body: (inout YAMLEventStream) throws(SyntaxFault) -> Void) throws(SyntaxFault) {
        // SAFETY: the buffer outlives the stream, which ends inside this closure.
        let outcome: Result<Void, SyntaxFault> = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard var stream = unsafe YAMLEventStream(buffer) else {
                return .failure(SyntaxFault(position: TextPosition(line: 1, column: 1), message: "out of memory"))
            }
            do throws(SyntaxFault) {
                try body(&stream)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private init?(_ buffer: UnsafeBufferPointer<UInt8>) {
        // SAFETY: libyaml initialises the whole structure; a failure leaves nothing to free inside it.
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            return nil
        }
        unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
    }

    deinit {
        // SAFETY: initialised in init, and freed only here.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// The next event, nil at the end. The value of a scalar is appended to `text`.
    mutating func next(appendingTo text: inout [UInt8]) throws(SyntaxFault) -> YAMLEvent? {
        while true {
            var event = unsafe yaml_event_t()
            // SAFETY: libyaml fills the event, which is deleted below on every way out.
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw fault() }
            defer { unsafe yaml_event_delete(&event) }
            if unsafe event.type == YAML_STREAM_END_EVENT || event.type == YAML_NO_EVENT { return nil }
            if let result = unsafe Self.copy(event, &text) { return result }
        }
    }

    private static func copy(_ event: yaml_event_t, _ text: inout [UInt8]) -> YAMLEvent? {
        let mark = unsafe event.start_mark
        let position = TextPosition(
            line: UInt32(truncatingIfNeeded: mark.line) + 1, column: UInt32(truncatingIfNeeded: mark.column) + 1)
        // SAFETY: the type of the event says which member of the union is set; strings end in NUL and
        // live until the event is deleted.
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(content: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(content: .documentEnd, position: position)
        case YAML_ALIAS_EVENT:
            let name = unsafe string(event.data.alias.anchor) ?? ""
            return YAMLEvent(content: .alias(name), position: position)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            if let value = unsafe scalar.value {
                unsafe text.append(contentsOf: UnsafeBufferPointer(start: value, count: scalar.length))
            }
            // SAFETY: the type says that this is a scalar; its strings live until the event is deleted.
            return unsafe YAMLEvent(
                content: .scalar(isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
                anchor: string(scalar.anchor), tag: string(scalar.tag), position: position)
        case YAML_SEQUENCE_START_EVENT:
            // SAFETY: as for scalars: the type says which member is set.
            return unsafe YAMLEvent(
                content: .sequenceStart, anchor: string(event.data.sequence_start.anchor), position: position)
        case YAML_MAPPING_START_EVENT:
            return unsafe YAMLEvent(
                content: .mappingStart, anchor: string(event.data.mapping_start.anchor), position: position)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(content: .sequenceEnd, position: position)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(content: .mappingEnd, position: position)
        default: return nil
        }
    }

    private static func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        // SAFETY: only compared with nil here.
        guard let pointer = unsafe pointer else { return nil }
        // SAFETY: libyaml ends its strings with NUL.
        return unsafe String(cString: pointer)
    }

    /// What libyaml objected to, in one line.
    private func fault() -> SyntaxFault {
        // SAFETY: the parser is initialised; its messages are static strings or nil.
        let state = unsafe parser.pointee
        var message = unsafe state.problem.map { unsafe String(cString: $0) } ?? "not a YAML text"
        if let context = unsafe state.context {
            message += unsafe ", \(String(cString: context))"
            let began = unsafe state.context_mark.line
            if unsafe began != state.problem_mark.line { message += " that begins at line \(began + 1)" }
        }
        let isUnreadable = unsafe state.error == YAML_READER_ERROR
        let mark = unsafe isUnreadable ? state.mark : state.problem_mark
        return SyntaxFault(
            position: TextPosition(line: UInt32(mark.line) + 1, column: UInt32(mark.column) + 1), message: message)
    }
}
