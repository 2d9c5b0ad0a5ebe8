internal import DNSWireTesting

/// libFuzzer calls this with each input; a law that is broken ends the process, which keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns the bytes, and they stay during the call; they are copied at once.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    if let broken = CodecLaws.violation(by: bytes) { fatalError(broken) }
    return 0
}
