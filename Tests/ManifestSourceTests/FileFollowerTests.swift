import LinuxSystem
import Testing

@testable import ManifestSource

@Suite("Following one file", .timeLimit(.minutes(1)))
struct FileFollowerTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Runs a follower of a file and hands `body` what is in the file each time that it is to be read (nil: it is not there),
    /// or what it warns of.
    private func follow(
        _ name: String, _ body: @escaping @Sendable (inout AsyncStream<String?>.Iterator) async throws -> Void
    ) async throws {
        let folder = self.folder
        let follower = try FileFollower(folder(name))
        let (stream, continuation) = AsyncStream<String?>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await DedicatedThread.run(named: "follower") {
                    try follower.run(
                        warn: { continuation.yield("warned of: \($0)") }, read: { continuation.yield(folder.read(name)) })
                }
            }
            group.addTask {
                defer { follower.end() }
                var iterator = stream.makeAsyncIterator()
                try await body(&iterator)
            }
            try await group.waitForAll()
        }
    }

    @Test("is read at the start, and when it is written in place, renamed over, deleted and made again")
    func edits() async throws {
        let folder = self.folder
        try folder.write("first text", to: "file")
        try await follow("file") { texts in
            #expect(await texts.next() == "first text")
            try folder.write("in place", to: "file")
            #expect(await texts.next() == "in place")
            try folder.write("over it", to: "file~")
            folder.rename("file~", to: "file")
            #expect(await texts.next() == "over it")
            folder.remove("file")
            #expect(await texts.next() == .some(nil))
            try folder.write("again", to: "file")
            #expect(await texts.next() == "again")
        }
    }

    @Test("is read when the folder behind a link is swapped, as a mounted ConfigMap's is, and not when its neighbours change")
    func configMap() async throws {
        let folder = self.folder
        folder.makeFolder("..1")
        try folder.write("a", to: "..1/file")
        folder.link("..data", to: "..1")
        folder.link("file", to: "..data/file")
        try await follow("file") { texts in
            #expect(await texts.next() == "a")
            try folder.write("x", to: "neighbour")
            try folder.write("x", to: "..1/neighbour")
            folder.makeFolder("..2")
            try folder.write("b", to: "..2/file")
            folder.link("..data_tmp", to: "..2")
            folder.rename("..data_tmp", to: "..data")
            #expect(await texts.next() == "b")
        }
    }

    @Test("one that was told to end before it began reads once and ends")
    func endedBefore() throws {
        try folder.write("a", to: "file")
        let follower = try FileFollower(folder("file"))
        follower.end()
        var texts: [String?] = []
        try follower.run(warn: { _ in }, read: { texts.append(folder.read("file")) })
        #expect(texts == ["a"])
    }
}
