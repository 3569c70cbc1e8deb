// For the stand-alone C++ tests: CHECK prints what failed and where, goes on, and makes main return 1.
#pragma once

#include <atomic>
#include <cstdio>

inline std::atomic<int> failed_checks{0};

inline void report_failure(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, condition);
    ++failed_checks;
}

#define CHECK(condition)                                                  \
    do {                                                                  \
        if (!(condition)) report_failure(#condition, __FILE__, __LINE__); \
    } while (false)

#define CHECK_THROWS(expression, exception)                                                 \
    do {                                                                                    \
        bool thrown = false;                                                                \
        try {                                                                               \
            static_cast<void>(expression);                                                  \
        } catch (const exception&) {                                                        \
            thrown = true;                                                                  \
        }                                                                                   \
        if (!thrown) report_failure(#expression " throws " #exception, __FILE__, __LINE__); \
    } while (false)

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
    __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
