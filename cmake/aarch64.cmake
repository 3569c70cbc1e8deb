# Toolchain of the preset `aarch64`: compiles for 64-bit ARM on another Linux computer, and runs the tests under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

find_program(KETJET_ARM64_COMPILER aarch64-linux-gnu-g++)
find_program(KETJET_ARM64_EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT KETJET_ARM64_COMPILER OR NOT KETJET_ARM64_EMULATOR)
  message(FATAL_ERROR "needs a cross compiler and qemu: apt install g++-aarch64-linux-gnu qemu-user")
endif()

set(CMAKE_CXX_COMPILER ${KETJET_ARM64_COMPILER})
set(CMAKE_CROSSCOMPILING_EMULATOR ${KETJET_ARM64_EMULATOR} -L /usr/aarch64-linux-gnu)
