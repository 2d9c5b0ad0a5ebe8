extension NftablesBatch {
    /// Names the operation that the kernel refused.
    ///
    /// - Parameters:
    ///   - sequence: of the refused message.
    ///   - offset: of the offending attribute within that message, where the kernel told.
    func describe(sequence: UInt32, offset: Int?) -> String? {
        guard sequence > NftablesBatch.beginSequence, Int(sequence) <= operations.count else { return nil }
        let operation = operations[Int(sequence) - 1]
        var text = "\(operation.kind.rawValue) \(operation.table.family.text) \(operation.table.name)"
        if !operation.name.isEmpty { text += " \(operation.name)" }
        if let detail = operation.detail { text += " (\(detail))" }
        guard let set = operation.set else { return text }
        if let offset, let element = element(at: operation.offset + offset) {
            return "\(text) { \(element.text(in: set)) }"
        }
        return "\(text) (elements \(operation.elements.lowerBound + 1) to \(operation.elements.upperBound))"
    }

    /// The element whose attribute begins at `position` of the batch.
    private func element(at position: Int) -> NftablesElement? {
        guard position > 0, position < writer.count else { return nil }
        // SAFETY: bytes have no padding.
        let bytes = unsafe writer.storage.span.bytes
        guard let length = bytes.integer(at: position, as: UInt16.self), length >= 4,
            position + Int(length) <= writer.count
        else { return nil }
        return NftablesElement(bytes.extracting(position + 4..<position + Int(length)))
    }
}
