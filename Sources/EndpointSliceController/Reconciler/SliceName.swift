internal import KubernetesModel

/// Names of new slices: as `generateName` makes them, but the same in every run.
enum SliceName {
    /// Letters and digits that spell no words and are not mistaken for each other.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    /// Characters after the prefix, as many as the API server appends.
    private static let suffixLength = 5
    /// A generated name is at most 63 characters long, as the API server cuts it.
    private static let prefixLimit = 63 - suffixLength

    /// The first free name for a slice of an owner, counted up from 0.
    ///
    /// The alphabet and length give 14 million names an owner and family; a name is taken again as
    /// soon as its slice is gone, so that the search ends.
    static func free(owner: ObjectKey, addressType: EndpointSlice.AddressType, isTaken: (String) -> Bool) -> String {
        var counter = 0
        while true {
            let name = name(owner: owner, addressType: addressType, counter: counter)
            if !isTaken(name) { return name }
            counter += 1
        }
    }

    private static func name(owner: ObjectKey, addressType: EndpointSlice.AddressType, counter: Int) -> String {
        // FNV-1a, 64 bits: the standard library's hash has another seed in each process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(owner)|\(addressType.rawValue)|\(counter)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        hash ^= hash >> 32
        var name = String("\(owner.name)-".prefix(prefixLimit))
        for _ in 0..<suffixLength {
            name.append(alphabet[Int(hash % UInt64(alphabet.count))])
            hash /= UInt64(alphabet.count)
        }
        return name
    }
}
