# add_isa_kernels(<name> <flags>...): kernels.cpp compiled once for one instruction set, as the object library
# kernels_<name>. Explicit fma only (-ffp-contract=off), so that every instruction set rounds alike.
function(add_isa_kernels name)
  set(optimised -O3)
  if(KETJET_SANITIZE)
    set(optimised -O1)  # else each instruction set takes many minutes to compile
  endif()
  add_library(kernels_${name} OBJECT cpp/kernels/kernels.cpp)
  target_include_directories(kernels_${name} PRIVATE cpp)
  target_compile_definitions(kernels_${name} PRIVATE
    KETJET_ISA_NAME="${name}" KETJET_TABLE_FUNCTION=kernel_table_${name})
  target_compile_options(kernels_${name} PRIVATE ${optimised} -ffp-contract=off -Wno-psabi ${ARGN})
  target_link_libraries(kernels_${name} PRIVATE ketjet_warnings ketjet_sanitizers)
  target_link_libraries(engine PRIVATE kernels_${name})
  target_sources(engine PRIVATE $<TARGET_OBJECTS:kernels_${name}>)
endfunction()
