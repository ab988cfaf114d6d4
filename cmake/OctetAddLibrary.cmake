# One function per kind of target. All of Octet's C++ is compiled with warnings
# as errors; the headers of LLVM, protobuf and ONNX are system headers.

set(OCTET_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter)

# Applies what every C++ target of Octet shares.
function(octet_configure_target name)
  target_compile_options(${name} PRIVATE ${OCTET_WARNINGS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                            ${PROJECT_BINARY_DIR}/include)
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS}
                                                   ${MLIR_INCLUDE_DIRS})
endfunction()

# octet_add_library(NAME sources... LINK libs...): a static library on libMLIR.
function(octet_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  octet_configure_target(${name})
  add_dependencies(${name} octet-headers)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  mlir_target_link_libraries(${name} PUBLIC MLIR)
endfunction()

# octet_add_tool(NAME sources... LINK libs...): an executable in bin/.
function(octet_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  octet_configure_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} LLVM)
endfunction()

# octet_add_runtime_library(NAME sources... [DEFINES ...]): C11 without LLVM,
# linked into compiled programs; floating-point contraction is off because the
# numerics contract fixes every rounding; programs carry no sanitizer.
function(octet_add_runtime_library name)
  add_library(${name} STATIC ${ARGN})
  target_compile_options(${name} PRIVATE -Wall -Wextra -Werror -O2 -fPIC
    -ffp-contract=off -fno-sanitize=all -ffunction-sections -fdata-sections -fvisibility=hidden)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
endfunction()
