import Foundation
import Glibc

/// Runs `body` on a fresh thread in a network namespace of its own, which ends with the thread.
func inNetworkNamespace<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(
                with: Result {
                    guard unshare(CLONE_NEWNET) == 0 else { throw NamespaceError(errno: errno) }
                    return try body()
                })
        }
    }
}

struct NamespaceError: Error, CustomStringConvertible {
    let errno: Int32
    var description: String { "unshare(CLONE_NEWNET) failed with errno \(errno): these tests need root" }
}

/// Runs a command in the calling thread's namespace and returns what it printed.
@discardableResult
func run(_ command: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw CommandError(command: ([command] + arguments).joined(separator: " "), output: text)
    }
    return text
}

struct CommandError: Error, CustomStringConvertible {
    let command: String
    let output: String
    var description: String { "\(command): \(output)" }
}

/// nft's listing of the calling thread's namespace.
func nftList() throws -> String { try run("/usr/sbin/nft", "list", "ruleset") }

/// Loads a ruleset with nft into the calling thread's namespace.
func nftLoad(_ ruleset: String) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "netlink-\(UUID().uuidString).nft")
    try ruleset.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    try run("/usr/sbin/nft", "-f", file.path)
}
