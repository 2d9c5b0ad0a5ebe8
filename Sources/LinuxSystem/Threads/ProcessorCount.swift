private import CLinux

package enum ProcessorCount {
    /// Processors that the calling thread may run on (sched_getaffinity(2)), at least 1.
    package static var available: Int { Int(clinux_processor_count()) }
}
