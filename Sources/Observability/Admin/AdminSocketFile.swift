import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix

/// The file of the admin socket: made room for, guarded, and removed.
struct AdminSocketFile: Sendable {
    static let flag = "--admin-socket"
    /// What `bindPath` adds.
    private static let bindSuffix = ".new"
    private static let rehearsalSuffix = ".try"
    /// What fits into `sun_path` beside its final zero (unix(7)), less `bindSuffix`.
    static let maximumPathBytes = 107 - bindSuffix.utf8.count

    /// The file this process bound, as opposed to one that a later daemon put in its place.
    struct Identity: Equatable, Sendable {
        let inode: UInt64
    }

    let path: String
    /// A socket that is answered on is replaced too.
    var takesOver = false

    /// Where the socket is bound before it is moved to `path`: so it has its mode before anybody can
    /// find it, and the removal NIO does by this name at the end cannot hit a later daemon's socket.
    var bindPath: String { path + Self.bindSuffix }

    /// Makes the folder when it is missing (mode 0700),
    /// and removes a socket that nothing listens on.
    ///
    /// - Throws: `socketInUse` when a daemon answers there.
    func makeRoom() async throws(ListenError) {
        guard try requirePlace() else { return }
        if !takesOver { try await refuseIfAnswered() }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw failure(.fileSystem, "cannot remove the socket a daemon left behind; remove it, or name another path")
        }
    }

    /// Makes the folder when it is missing. Returns whether a socket is there already.
    private func requirePlace() throws(ListenError) -> Bool {
        guard path.utf8.count <= Self.maximumPathBytes else {
            throw failure(
                .bindFailed(errno: nil), "the path is too long for a socket: at most \(Self.maximumPathBytes) bytes")
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        if !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw failure(.fileSystem, "cannot make the folder \(folder); name one that can be made or is there")
            }
        }
        guard let type = attributes()?[.type] as? FileAttributeType else { return false }
        guard type == .typeSocket else { throw failure(.notASocket, "exists and is no socket") }
        return true
    }

    /// Finds out whether a socket could be put there once a process that has it now has ended. Leaves nothing but the folder.
    func rehearse() throws(ListenError) {
        _ = try requirePlace()
        let file = path + Self.rehearsalSuffix
        guard FileManager.default.createFile(atPath: file, contents: nil) else {
            throw failure(.fileSystem, "cannot make a file beside it; name a path that can be written")
        }
        try? FileManager.default.removeItem(atPath: file)
    }

    /// Only a refused connection shows that nothing listens (unix(7)); a full backlog does not.
    private func refuseIfAnswered() async throws(ListenError) {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path).get()
            channel.close(promise: nil)
        } catch let error as IOError where error.errnoCode == ECONNREFUSED || error.errnoCode == ENOENT {
            return
        } catch let error as IOError {
            throw failure(.bindFailed(errno: error.errnoCode), "cannot tell whether it is in use: \(reason(error))")
        } catch {
            throw failure(.bindFailed(errno: nil), "cannot tell whether it is in use: \(error)")
        }
        throw failure(.socketInUse, "another daemon answers on this socket; stop it or give this one another path")
    }

    /// Gives the bound socket mode 0600 (NIO binds with the process's umask) and its name.
    func publish() throws(ListenError) -> Identity {
        do {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: bindPath)
            try FileManager.default.moveItem(atPath: bindPath, toPath: path)
        } catch {
            throw failure(.fileSystem, "cannot set its mode to 0600 and move it into place; name a path that can be written")
        }
        guard let identity = identity() else { throw failure(.fileSystem, "vanished while it was set up") }
        return identity
    }

    func remove(ifStill identity: Identity) {
        guard self.identity() == identity else { return }
        // Left behind it does no harm: the next start finds that nothing listens.
        try? FileManager.default.removeItem(atPath: path)
    }

    private func identity() -> Identity? {
        (attributes()?[.systemFileNumber] as? UInt64).map { Identity(inode: $0) }
    }

    private func attributes() -> [FileAttributeKey: Any]? {
        try? FileManager.default.attributesOfItem(atPath: path)
    }

    private func failure(_ code: ListenError.Code, _ cause: String) -> ListenError {
        ListenError(code: code, flag: Self.flag, value: path, cause: cause)
    }
}
