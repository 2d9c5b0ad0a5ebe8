/// What libbpf is told of the size of its options: the end of their last field.
///
/// Bytes behind that must be zero, and a Swift copy of a struct does not promise anything about its padding.
func optionsSize<Options, Field>(upTo last: KeyPath<Options, Field>) -> Int {
    MemoryLayout<Options>.offset(of: last).map { $0 + MemoryLayout<Field>.size } ?? MemoryLayout<Options>.size
}
