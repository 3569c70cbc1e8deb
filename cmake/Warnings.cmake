# Warning and sanitizer flags as interface targets, so that no target repeats them.
add_library(ketjet_warnings INTERFACE)
target_compile_options(ketjet_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow)
if(KETJET_WERROR)
  target_compile_options(ketjet_warnings INTERFACE -Werror)
endif()

add_library(ketjet_sanitizers INTERFACE)
if(KETJET_SANITIZE)
  target_compile_options(ketjet_sanitizers INTERFACE -fsanitize=${KETJET_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(ketjet_sanitizers INTERFACE -fsanitize=${KETJET_SANITIZE})
  if(KETJET_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 takes instrumented moves of a variant for reads of what was never written.
    target_compile_options(ketjet_sanitizers INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
