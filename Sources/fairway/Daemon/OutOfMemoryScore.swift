internal import LinuxSystem
internal import Logging

/// How soon the kernel ends this process when memory runs out (proc(5), oom_score_adj).
enum OutOfMemoryScore {
    static let range = -1000...1000

    /// A refusal is a warning: to lower it needs CAP_SYS_RESOURCE.
    static func set(_ score: Int, path: String = "/proc/self/oom_score_adj", logger: Logger) {
        do throws(SysctlError) {
            try SettingFile(name: "oom_score_adj", path: path).write("\(score)")
        } catch {
            logger.warning("\(error); --oom-score-adj \(score) is not in force")
        }
    }
}
