import Glibc
import LinuxSystem
import NetworkNamespaceTesting

/// The object of a file of these tests' folder `Kernel`, with the flags that the package's own are compiled with.
func compileKernelSource(_ name: String, _ moreFlags: [String] = []) throws -> [UInt8] {
    guard let clang = toolPath("clang") else { throw TestSupportError("no `clang`: it comes with the toolchain") }
    let root = packageRoot()
    let output = "/tmp/fwt-\(getpid())-\(name).o"
    // SAFETY: the C string that Swift makes of the path lives for the call.
    defer { unsafe unlink(output) }
    let flags = [
        "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
        "-I", "\(root)/Sources/BPFPrograms/Kernel", "-I", "\(root)/Sources/CBPFMaps/include",
    ]
    let headers = ["x86_64", "aarch64"].flatMap { ["-idirafter", "/usr/include/\($0)-linux-gnu"] }
    let source = "\(root)/Tests/BPFProgramsTests/Kernel/\(name).c"
    let request = ProcessRequest(path: clang, arguments: flags + moreFlags + headers + ["-c", source, "-o", output])
    let result = try request.collectOutput(timeout: .seconds(60))
    guard result.status.isSuccess else { throw TestSupportError("clang \(source): \(result)") }
    return try FileDescriptor(opening: output).readAll()
}
