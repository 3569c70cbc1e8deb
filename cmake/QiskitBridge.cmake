# The extension that reads circuits through Qiskit's C API: built if the Python at hand has the headers of Qiskit 2.6 or
# newer. Without it ketjet reads all circuits in Python.
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c
    "import qiskit.capi as c, qiskit; print(qiskit.__version__); print(c.get_include())"
  OUTPUT_VARIABLE qiskit_found ERROR_QUIET RESULT_VARIABLE qiskit_missing OUTPUT_STRIP_TRAILING_WHITESPACE)
if(qiskit_missing)
  message(STATUS "No Qiskit with C headers: circuits will be read in Python")
  return()
endif()
string(REPLACE "\n" ";" qiskit_found "${qiskit_found}")
list(GET qiskit_found 0 qiskit_version)
list(GET qiskit_found 1 qiskit_include)
if(qiskit_version VERSION_LESS 2.6)
  message(STATUS "Qiskit ${qiskit_version} is older than 2.6: circuits will be read in Python")
  return()
endif()
pybind11_add_module(_qiskit_bridge MODULE NO_EXTRAS cpp/qiskit_bridge/qiskit_bridge.cpp cpp/program/matrix.cpp)
target_include_directories(_qiskit_bridge PRIVATE cpp)
target_include_directories(_qiskit_bridge SYSTEM PRIVATE "${qiskit_include}")
target_link_libraries(_qiskit_bridge PRIVATE ketjet_warnings ketjet_sanitizers)
install(TARGETS _qiskit_bridge DESTINATION ketjet COMPONENT python)
