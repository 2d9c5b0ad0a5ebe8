import BPF
import FoundationEssentials
import Testing

/// The objects of this folder's `Kernel`: the plugin that embeds the dataplane's programs embeds these too, into a type of
/// the name that it has in mind.
enum BPFPrograms {
    static func object(_ name: String) throws -> BPFObject {
        let found = try #require(embedded.first { $0.name == name })
        let bytes = try #require(Data(base64Encoded: found.base64.description))
        return try BPFObject(Array(bytes), name: name)
    }

    static func loaded(_ name: String = "programs") throws -> BPFObject {
        var object = try object(name)
        try object.load()
        return object
    }
}
