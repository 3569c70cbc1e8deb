# Refuses free-threaded builds of Python: the extensions rely on the GIL, and none says that it can do without.
# KETJET_PY_GIL_DISABLED may be set beforehand, for tests.
if(NOT DEFINED KETJET_PY_GIL_DISABLED)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    OUTPUT_VARIABLE KETJET_PY_GIL_DISABLED OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
if(KETJET_PY_GIL_DISABLED)
  message(FATAL_ERROR "ketjet does not run on free-threaded builds of Python (Py_GIL_DISABLED): build it with an "
                      "ordinary build of CPython 3.10 or newer, such as python3.13 in place of python3.13t.")
endif()
