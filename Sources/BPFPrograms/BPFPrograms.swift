/// The programs of the ebpf mode, compiled from `Kernel` when the package is built.
package enum BPFPrograms {
    /// The ELF object of a C file of `Kernel`, as libbpf opens it; nil when there is no such file.
    package static func object(_ name: String) -> [UInt8]? {
        embedded.first { $0.name == name }.map { Base64.bytes($0.base64) }
    }
}
