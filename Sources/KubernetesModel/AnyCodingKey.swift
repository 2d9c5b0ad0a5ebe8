/// A key of a map or the index of an array, for coding paths and maps whose keys are data.
package struct AnyCodingKey: CodingKey {
    package let stringValue: String
    package let intValue: Int?

    package init(stringValue: String) {
        self.stringValue = stringValue
        self.intValue = nil
    }

    package init(intValue: Int) {
        self.stringValue = "Index \(intValue)"
        self.intValue = intValue
    }
}

/// The fields at the top of an object, whatever its kind.
enum ObjectField: String, CodingKey {
    case apiVersion, kind, metadata, spec, status
    // EndpointSlice and Endpoints have no spec.
    case addressType, endpoints, ports, subsets
}
