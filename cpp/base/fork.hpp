// A forked child has one thread: a lock that another thread of the parent held, or a static variable that it was about
// to initialise, would block it for ever. So what runs on workers initialises its statics when the library is loaded,
// and process-wide locks are free while the process forks.
#pragma once

#include <pthread.h>

#include <atomic>
#include <mutex>

namespace ketjet {

// Registers a lock, once and for all; the function is called at every fork.
template <std::mutex& (*lock)()>
bool hold_across_fork() {
    return pthread_atfork([] { lock().lock(); }, [] { lock().unlock(); }, [] { lock().unlock(); }) == 0;
}

// How often this process had been forked off from one with this library, at least.
inline std::atomic<unsigned> forks{0};
inline const bool forks_are_counted =
    pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); }) == 0;

}  // namespace ketjet
