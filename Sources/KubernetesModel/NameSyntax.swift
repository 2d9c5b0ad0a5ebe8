/// The syntax of names in the API. Each rule returns what is wrong, nil when nothing is.
///
/// Rules and lengths: apimachinery's validation, over RFC 1123, RFC 1035 and RFC 6335.
package enum NameSyntax {
    static let labelLimit = 63
    static let subdomainLimit = 253
    /// RFC 6335 section 5.1.
    static let serviceNameLimit = 15

    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLower(byte) || isUpper(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLower(byte) }

    private static func tooLong(_ limit: Int) -> String { "must be no more than \(limit) characters" }

    /// DNS_LABEL: lower case, digits and `-`, at most 63.
    static func dnsLabel(_ text: String) -> String? {
        let bytes = text.utf8
        guard bytes.count <= labelLimit else { return tooLong(labelLimit) }
        return isDNSLabel(bytes[...]) ? nil : dnsLabelRule
    }

    private static let dnsLabelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name', or '123-abc')"

    private static func isDNSLabel(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else { return false }
        return bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// DNS_SUBDOMAIN: labels joined by dots, at most 253 in all.
    static func dnsSubdomain(_ text: String) -> String? {
        guard text.utf8.count <= subdomainLimit else { return tooLong(subdomainLimit) }
        let labels = text[...].utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy(isDNSLabel) ? nil : dnsSubdomainRule
    }

    private static let dnsSubdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com')"

    /// Names and prefixed names of labels and annotations: `example.com/my-name`.
    static func qualifiedName(_ text: String) -> String? {
        let bytes = text[...].utf8
        let name: Substring.UTF8View
        if let slash = bytes.firstIndex(of: UInt8(ascii: "/")) {
            let prefix = bytes[..<slash]
            name = bytes[bytes.index(after: slash)...]
            guard !prefix.isEmpty else { return "prefix part must be non-empty" }
            guard !name.contains(UInt8(ascii: "/")) else { return qualifiedNameRule }
            if let why = dnsSubdomain(String(Substring(prefix))) { return "prefix part " + why }
        } else {
            name = bytes
        }
        guard !name.isEmpty else { return "name part must be non-empty" }
        guard name.count <= labelLimit else { return "name part " + tooLong(labelLimit) }
        return isLabelText(name) ? nil : "name part " + qualifiedNameRule
    }

    private static let qualifiedNameRule =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName', or 'my.name', or '123-abc'), with an optional DNS subdomain prefix and '/' "
        + "(e.g. 'example.com/MyName')"

    private static func isLabelText(_ bytes: Substring.UTF8View) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return bytes.allSatisfy { byte in
            isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
        }
    }

    /// Annotation keys are compared in lower case: `Example.com/x` passes where a label key would not.
    package static func annotationKey(_ text: String) -> String? {
        guard qualifiedName(text) != nil else { return nil }
        return qualifiedName(text.lowercased())
    }

    static func labelValue(_ text: String) -> String? {
        let bytes = text[...].utf8
        guard !bytes.isEmpty else { return nil }
        guard bytes.count <= labelLimit else { return tooLong(labelLimit) }
        guard !isLabelText(bytes) else { return nil }
        return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            + "start and end with an alphanumeric character (e.g. 'MyValue', or 'my_value', or '12345')"
    }

    /// IANA_SVC_NAME: names of container ports and named target ports.
    static func portName(_ text: String) -> String? {
        let bytes = text.utf8
        let hyphen = UInt8(ascii: "-")
        guard bytes.count <= serviceNameLimit else { return tooLong(serviceNameLimit) }
        guard bytes.allSatisfy({ isLowerAlphanumeric($0) || $0 == hyphen }) else {
            return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
        }
        guard bytes.contains(where: isLower) else { return "must contain at least one letter (a-z)" }
        guard !text.contains("--") else { return "must not contain consecutive hyphens" }
        guard bytes.first != hyphen, bytes.last != hyphen else { return "must not begin or end with a hyphen" }
        return nil
    }

    /// The rule for the name of an object, by its kind. Services: RFC 1123 labels, as of Kubernetes 1.34.
    static func objectName(_ kind: ObjectKind) -> (String) -> String? {
        switch kind {
        case .service, .namespace: dnsLabel
        case .pod, .endpoints, .endpointSlice, .node, .serviceCIDR: dnsSubdomain
        }
    }
}
