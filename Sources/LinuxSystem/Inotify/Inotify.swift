import Glibc

/// An inotify(7) instance: tells of changes in the folders it watches.
@safe package struct Inotify: ~Copyable, Sendable {
    /// One change, or the news that some were lost.
    package struct Event: Sendable, Hashable {
        /// The watch it came from; -1 for ``isOverflow``.
        package var watch: Int32
        package var mask: UInt32
        /// The entry of the folder; empty when the folder itself is meant.
        package var name: String

        package init(watch: Int32, mask: UInt32, name: String) {
            self.watch = watch
            self.mask = mask
            self.name = name
        }

        /// The kernel's queue was full and events were dropped: only a look at everything helps.
        package var isOverflow: Bool { mask & UInt32(IN_Q_OVERFLOW) != 0 }
        /// The watch is gone: its folder was deleted or unmounted, or the watch was removed.
        package var isEndOfWatch: Bool { mask & UInt32(IN_IGNORED) != 0 }
        /// An entry was made; a file may still be written to.
        package var isCreation: Bool { mask & UInt32(IN_CREATE) != 0 }
        /// The entry is a folder.
        package var isFolder: Bool { mask & UInt32(IN_ISDIR) != 0 }
        /// The watched folder itself was deleted or renamed.
        package var isOfFolderItself: Bool { mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0 }
    }

    /// Bytes read at once: some 1 000 events with names of 40 bytes.
    package static let bufferBytes = 65_536

    private let descriptor: FileDescriptor

    package init() throws(Errno) {
        descriptor = FileDescriptor(
            owning: try syscall("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) })
    }

    package var rawValue: Int32 { descriptor.rawValue }

    /// Watches the entries of a folder: those written and closed, made, renamed and deleted. Watching
    /// the same folder twice gives the same number.
    ///
    /// - Throws: ENOSPC when the user has fs.inotify.max_user_watches watches, ENOENT, EACCES, ENOTDIR.
    package func watch(folder path: String) throws(Errno) -> Int32 {
        let mask = UInt32(IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE)
            | UInt32(IN_DELETE_SELF | IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
        // SAFETY: the C string lives for the call.
        return try syscall("inotify_add_watch") { unsafe inotify_add_watch(descriptor.rawValue, path, mask) }
    }

    /// Ends a watch; one that has ended already is ignored.
    package func remove(_ watch: Int32) {
        _ = try? syscall("inotify_rm_watch") { inotify_rm_watch(descriptor.rawValue, watch) }
    }

    /// Every event there is now; empty when there is none. Does not wait.
    package func drain() throws(Errno) -> [Event] {
        var events: [Event] = []
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        while let count = try descriptor.read(into: &buffer), count > 0 {
            Self.parse(buffer[..<count], into: &events)
        }
        return events
    }

    /// Reads `struct inotify_event` after `struct inotify_event` (linux/inotify.h): wd, mask, cookie, len, name.
    static func parse(_ bytes: ArraySlice<UInt8>, into events: inout [Event]) {
        var rest = bytes
        let header = MemoryLayout<inotify_event>.size
        while rest.count >= header {
            func word(_ index: Int) -> UInt32 {
                (0..<4).reduce(0) { value, byte in
                    #if _endian(little)
                    value | UInt32(rest[rest.startIndex + index * 4 + byte]) << UInt32(byte * 8)
                    #else
                    value << 8 | UInt32(rest[rest.startIndex + index * 4 + byte])
                    #endif
                }
            }
            let length = min(Int(word(3)), rest.count - header)
            let name = rest.dropFirst(header).prefix(length).prefix { $0 != 0 }
            events.append(
                Event(
                    watch: Int32(bitPattern: word(0)), mask: word(1), name: String(decoding: name, as: UTF8.self)))
            rest = rest.dropFirst(header + length)
        }
    }
}
