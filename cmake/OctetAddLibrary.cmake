# One function per kind of target. All of Octet's C++ is compiled with warnings
# as errors; the headers of LLVM, protobuf and ONNX are system headers.

set(OCTET_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter)

# MLIR's headers are most of what is compiled: they are once, for all libraries.
# Without a timestamp in them ccache knows them again.
set(OCTET_PRECOMPILED_TARGET OctetSupport)
set(OCTET_PRECOMPILED_HEADERS
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/Quant/IR/Quant.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/Pass/Pass.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h>)

# Applies what every C++ target of Octet shares.
function(octet_configure_target name)
  target_compile_options(${name} PRIVATE ${OCTET_WARNINGS}
                         "SHELL:-Xclang -fno-pch-timestamp")
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                            ${PROJECT_BINARY_DIR}/include)
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS}
                                                   ${MLIR_INCLUDE_DIRS})
endfunction()

# For targets that link libMLIR: what is precompiled refers to it.
function(octet_precompile_headers name)
  if(name STREQUAL OCTET_PRECOMPILED_TARGET)
    target_precompile_headers(${name} PRIVATE ${OCTET_PRECOMPILED_HEADERS})
  else()
    target_precompile_headers(${name} REUSE_FROM ${OCTET_PRECOMPILED_TARGET})
  endif()
endfunction()

# What LLVM and MLIR are to tools: shared libraries, or all their archives, of which
# the linker takes what is needed. LLD optimizes at link time with Polly's passes.
add_library(OctetLLVM INTERFACE)
if(OCTET_STATIC)
  file(GLOB archives ${LLVM_LIBRARY_DIR}/libMLIR*.a ${LLVM_LIBRARY_DIR}/libLLVM*.a
    ${LLVM_LIBRARY_DIR}/libPolly*.a)
  list(FILTER archives EXCLUDE REGEX "LLVMBOLT|LLVMExegesis")
  find_library(zstd zstd REQUIRED)
  target_link_libraries(OctetLLVM INTERFACE -Wl,--start-group
    $<TARGET_FILE:lldELF> $<TARGET_FILE:lldCommon> ${archives} -Wl,--end-group
    ${zstd} ZLIB::ZLIB ${CMAKE_DL_LIBS})
  target_link_options(OctetLLVM INTERFACE -Wl,--gc-sections)
else()
  target_link_libraries(OctetLLVM INTERFACE lldELF lldCommon MLIR LLVM)
endif()

# octet_add_library(NAME sources... LINK libs...): a static library on MLIR.
function(octet_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  octet_configure_target(${name})
  octet_precompile_headers(${name})
  add_dependencies(${name} octet-headers)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# octet_add_tool(NAME sources... LINK libs...): an executable in bin/.
function(octet_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  octet_configure_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} OctetLLVM)
  # By it compiled kernels are known to be of this compiler.
  target_link_options(${name} PRIVATE -Wl,--build-id=sha1)
endfunction()

# What is in every program is small; a source with work to do has COMPILE_OPTIONS
# of its own.
set(OCTET_RUNTIME_FLAGS -std=gnu11 -Wall -Wextra -Werror -Os -fPIC
  -ffp-contract=off -ffunction-sections -fdata-sections -fvisibility=hidden
  -fno-asynchronous-unwind-tables
  -DOCTET_VERSION=${PROJECT_VERSION})
string(REPLACE "arm64" "aarch64" OCTET_HOST_ARCHITECTURE
  "${CMAKE_SYSTEM_PROCESSOR}")
# The architectures compiled programs run on, by Debian's names of them, whose C
# library is here.
set(OCTET_CROSS_ARCHITECTURES)
foreach(architecture x86_64 aarch64)
  if(NOT architecture STREQUAL OCTET_HOST_ARCHITECTURE
     AND EXISTS /usr/lib/${architecture}-linux-gnu/crti.o
     AND EXISTS /usr/lib/${architecture}-linux-gnu/libdeflate.a)
    list(APPEND OCTET_CROSS_ARCHITECTURES ${architecture})
  endif()
endforeach()

# octet_add_runtime_library(NAME sources...): C11 without LLVM, linked into
# compiled programs, in lib/ARCHITECTURE for each architecture; floating-point
# contraction is off because the numerics contract fixes every rounding. What
# goes into libraries carries no sanitizer.
function(octet_add_runtime_library name)
  add_library(${name} STATIC ${ARGN})
  target_compile_options(${name} PRIVATE ${OCTET_RUNTIME_FLAGS})
  if(NOT OCTET_SANITIZE OR name STREQUAL OctetRuntime)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
  endif()
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  set_target_properties(${name} PROPERTIES ARCHIVE_OUTPUT_DIRECTORY
    ${PROJECT_BINARY_DIR}/lib/${OCTET_HOST_ARCHITECTURE})
  foreach(architecture ${OCTET_CROSS_ARCHITECTURES})
    set(folder ${PROJECT_BINARY_DIR}/lib/${architecture})
    set(objects)
    foreach(source ${ARGN})
      set(object ${folder}/${name}/${source}.o)
      get_source_file_property(options ${source} COMPILE_OPTIONS)
      if(NOT options)
        set(options)
      endif()
      list(APPEND objects ${object})
      add_custom_command(OUTPUT ${object}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}/${name}
        COMMAND ${CMAKE_C_COMPILER} --target=${architecture}-linux-gnu
          ${OCTET_RUNTIME_FLAGS} ${options} -I${PROJECT_SOURCE_DIR}/include
          -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${source}
        DEPFILE ${object}.d
        COMMENT "Compiling ${source} for ${architecture}")
    endforeach()
    set(archive ${folder}/lib${name}.a)
    add_custom_command(OUTPUT ${archive}
      COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
      COMMAND ${LLVM_TOOLS_BINARY_DIR}/llvm-ar rcsD ${archive} ${objects}
      DEPENDS ${objects}
      COMMENT "Linking ${architecture}/lib${name}.a")
    add_custom_target(${name}-${architecture} ALL DEPENDS ${archive})
    add_dependencies(${name} ${name}-${architecture})
  endforeach()
endfunction()
