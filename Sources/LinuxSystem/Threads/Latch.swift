import Glibc

/// Lets threads wait until something has happened a number of times.
// SAFETY: what changes is only touched with the mutex held.
@safe package final class Latch: @unchecked Sendable {
    // Shared by threads, and guarded by `mutex`: the count that is left.
    private var left: Int
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init(count: Int) {
        precondition(count >= 0)
        left = count
        // SAFETY: both are initialised before anything uses them, stay where they are, and are freed in deinit.
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        // SAFETY: made in init; nobody waits, as who waits holds a reference.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    package func countDown() {
        // SAFETY: the mutex lives as long as this object.
        unsafe pthread_mutex_lock(mutex)
        left -= 1
        if left <= 0 { unsafe pthread_cond_broadcast(condition) }
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Returns once it was counted down to zero. Not for the cooperative pool.
    package func wait() {
        // SAFETY: the mutex and the condition live as long as this object.
        unsafe pthread_mutex_lock(mutex)
        while left > 0 { unsafe pthread_cond_wait(condition, mutex) }
        unsafe pthread_mutex_unlock(mutex)
    }
}
