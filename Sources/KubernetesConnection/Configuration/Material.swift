internal import FoundationEssentials
internal import LinuxSystem

/// A certificate, a key or a token: bytes of the configuration itself, or a file that is read again each time.
struct Material: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case file(String)
        case inline([UInt8])
    }

    /// A bundle of all public authorities is 250 KB. What is larger is not what the field is for.
    static let sizeLimitBytes = 4 << 20

    let place: Place
    let origin: FieldOrigin

    /// `file /etc/ca.crt`, `the data given`: for a message that has named the field already.
    var label: String {
        switch place {
        case .file(let path): path
        case .inline: "the data given"
        }
    }

    /// Reads it as it is now. Files are small and local: what changes is found by comparing bytes, which no clock and no
    /// exchanged symbolic link deceives.
    func read() throws(ConnectionError) -> [UInt8] {
        guard case .file(let path) = place else {
            guard case .inline(let bytes) = place else { return [] }
            return bytes
        }
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor(opening: path).readAll(limit: Self.sizeLimitBytes + 1)
        } catch {
            throw origin.fault("cannot read \(path): \(error)")
        }
        guard bytes.count <= Self.sizeLimitBytes else {
            throw origin.fault("\(path) is larger than \(Self.sizeLimitBytes >> 20) MiB")
        }
        guard !bytes.isEmpty else { throw origin.fault("\(path) is empty") }
        return bytes
    }
}

extension Material {
    /// Bytes written as base64 in the configuration, as all `*-data` fields are.
    init(base64 text: String, origin: FieldOrigin) throws(ConnectionError) {
        let compact = String(text.filter { !$0.isWhitespace })
        guard let data = Data(base64Encoded: compact) else {
            throw origin.fault("not base64: the content of the file goes here as `base64 -w0 FILE` prints it")
        }
        guard !data.isEmpty else { throw origin.fault("the base64 given is of nothing") }
        self.init(place: .inline([UInt8](data)), origin: origin)
    }
}
